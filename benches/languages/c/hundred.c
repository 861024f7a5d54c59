/* Runs commands that do nothing, one after the other: what a step costs beside its work. */

#include <kilnbox.h>

struct options {
    int64_t commands;
};

static const kiln_option fields[] = {
    KILN_OPTION(struct options, commands, .about = "How many.", .otherwise = KILN_JSON(100)),
};

static const kiln_options options_table = KILN_OPTIONS(struct options, fields);

static bool run(const void *given, kiln_instance on, kiln_job job)
{
    (void)job;
    const struct options *options = given;
    const kiln_command command = {.line = "true", .output = KILN_DISCARD};
    for (int64_t i = 0; i < options->commands; i++) {
        kiln_outcome outcome;
        if (!kiln_exec(on, command, &outcome) || !kiln_succeeded(&outcome))
            return false;
    }
    return true;
}

const kiln_provisioner kiln_the_provisioner = {
    .name = "hundred",
    .version = "1.0.0",
    .about = "Runs commands that do nothing.",
    .options = &options_table,
    .run = run,
};
