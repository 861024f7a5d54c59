/* Writes the message that people see when they log in. */

#include <kilnbox.h>

#include "options.h"

static bool run(const void *given, kiln_instance on, kiln_job job)
{
    const struct options *options = given;
    kiln_say("Writing %s", options->path);
    kiln_staging staging = kiln_new_staging(on, job, "{{ name }}", options->sudo);
    kiln_staged staged;
    return kiln_stage_text(&staging, "", content(options), &staged) && kiln_install(&staged, options->path, 0644);
}

static const char examples[] = KILN_JSON([{"type": "{{ name }}", "text": "Welcome."}]);

const kiln_provisioner kiln_the_provisioner = {
    .name = "{{ name }}",
    .version = "0.1.0",
    .about = "Writes the message that people see when they log in.",
    .examples = examples,
    .options = &options_table,
    .validate = find_problems,
    .run = run,
};
