/* Writes a release note: what the artifact is, and the size and the digests of its files. */

#include <kilnbox.h>

#include "note.h"
#include "options.h"

static bool look_at_files(kiln_artifact input, kiln_strings names, kiln_strings algorithms, struct file *files)
{
    for (size_t i = 0; i < names.count; i++) {
        files[i].name = names.items[i];
        if (!kiln_digest(files[i].name, algorithms, &files[i].digests))
            return kiln_context("reading %s", files[i].name);
        if (!kiln_file_size(input, files[i].name, &files[i].size))
            return false;
    }
    return true;
}

static bool run(const void *given, kiln_artifact input, kiln_job job, kiln_processed *made)
{
    (void)job;
    const struct options *options = given;
    kiln_say("Writing the release note %s", options->output);

    kiln_strings names = kiln_artifact_files(input);
    struct file *files = kiln_allocate(names.count * sizeof *files);
    if (!look_at_files(input, names, options->algorithms, files))
        return false;
    struct note note = {
        .title = options->title,
        .builder = kiln_builder_id(input),
        .artifact = kiln_artifact_id(input),
        .algorithms = options->algorithms,
        .files = files,
        .file_count = names.count,
    };
    if (!kiln_write_output(options->output, note_text(&note), 0644))
        return false;

    *made =
        kiln_new_artifact("kilnbox.release-note", options->output, kiln_format("Release note: %s", options->output));
    kiln_keep_input(*made, true);
    return kiln_add_file(*made, options->output);
}

static const char examples[] =
    KILN_JSON([{"type": "release-note", "output": "RELEASE.md", "algorithms": ["sha256", "sha512"]}]);

const kiln_post_processor kiln_the_post_processor = {
    .name = "release-note",
    .version = "1.0.0",
    .about = "Writes a release note with the digests of the artifact's files.",
    .examples = examples,
    .options = &options_table,
    .validate = find_problems,
    .run = run,
};
