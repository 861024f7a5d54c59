/* Writes a list of the artifact's files with their SHA-256, as `sha256sum` does. */

#include <kilnbox.h>

#include "options.h"

static bool run(const void *given, kiln_artifact input, kiln_job job, kiln_processed *made)
{
    /* The input goes on unchanged. */
    (void)job, (void)made;
    const struct options *options = given;
    kiln_say("Writing %s", options->output);

    kiln_strings files = kiln_artifact_files(input);
    kiln_text list = {0};
    for (size_t i = 0; i < files.count; i++) {
        kiln_strings digests;
        if (!kiln_digest(files.items[i], KILN_STRINGS("sha256"), &digests))
            return kiln_context("reading %s", files.items[i]);
        append_line(&list, options, digests.items[0], files.items[i]);
    }
    kiln_bytes content = {.bytes = list.chars, .length = list.length};
    return kiln_write_output(options->output, content, 0644);
}

static const char examples[] = KILN_JSON([{"type": "{{ name }}", "output": "SHA256SUMS"}]);

const kiln_post_processor kiln_the_post_processor = {
    .name = "{{ name }}",
    .version = "0.1.0",
    .about = "Writes a list of the artifact's files with their SHA-256.",
    .examples = examples,
    .options = &options_table,
    .validate = find_problems,
    .run = run,
};
