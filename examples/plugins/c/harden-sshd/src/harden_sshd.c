/* Hardens the SSH server of the instance: writes a file of its configuration, has the server check it, and takes it
 * away again where the check does not pass. */

#include <kilnbox.h>

#include "options.h"
#include "sshd_config.h"

#define NAME "harden-sshd"

static bool put_in_place(const struct options *options, kiln_instance on, kiln_job job)
{
    uint64_t files = options->banner != NULL ? 2 : 1;
    kiln_staging staging = kiln_new_staging(on, job, NAME, options->sudo);
    kiln_staged staged;

    if (!kiln_stage_text(&staging, "", sshd_config(options), &staged))
        return false;
    kiln_progress("files", 1, files);
    if (!kiln_install(&staged, options->path, 0644))
        return false;

    if (options->banner == NULL)
        return true;
    if (!kiln_stage_file(&staging, ".banner", options->banner, &staged))
        return false;
    kiln_progress("files", 2, files);
    return kiln_install(&staged, banner_path(options), 0644);
}

static bool take_away(const struct options *options, kiln_instance on)
{
    kiln_text line = {0};
    kiln_append(&line, "%srm -f %s", options->sudo ? "sudo -n " : "", kiln_quote(options->path));
    if (options->banner != NULL)
        kiln_append(&line, " %s", kiln_quote(banner_path(options)));
    kiln_outcome outcome;
    kiln_command command = {.line = line.chars, .output = KILN_DISCARD};
    return kiln_exec(on, command, &outcome) || kiln_context("removing %s", options->path);
}

/* Has the server read the new file. One that it does not take is removed, since it would lock everybody out. */
static bool check(const struct options *options, kiln_instance on)
{
    const char *line = kiln_render("/check", KILN_PAIRS("Path", options->path));
    if (line == NULL)
        return false;
    kiln_outcome outcome;
    kiln_command command = {.line = line, .output = KILN_CAPTURE};
    if (!kiln_exec(on, command, &outcome))
        return false;
    if (kiln_succeeded(&outcome))
        return true;
    if (!take_away(options, on))
        return false;
    return kiln_context("the check did not pass");
}

static void report(const struct options *options)
{
    kiln_strings lines = sshd_settings(options);
    for (size_t i = 0; i < lines.count; i++)
        kiln_message("%s", lines.items[i]);
    kiln_log(KILN_LOG_INFO, "hardened", KILN_PAIRS("path", options->path));
}

static bool run(const void *given, kiln_instance on, kiln_job job)
{
    const struct options *options = given;
    kiln_say("Hardening sshd");
    if (!put_in_place(options, on, job) || !check(options, on))
        return false;
    report(options);
    return true;
}

static const char examples[] = KILN_JSON([{"type": "harden-sshd", "allow_users": ["admin"], "sudo": true}]);

const kiln_provisioner kiln_the_provisioner = {
    .name = NAME,
    .version = "1.0.0",
    .about = "Hardens the SSH server of the instance.",
    .examples = examples,
    .options = &options_table,
    .validate = find_problems,
    .run = run,
};
