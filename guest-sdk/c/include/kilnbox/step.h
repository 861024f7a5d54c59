/* The two kinds of steps. A component defines one of these two constants:
 *
 *     static bool run(const void *given, kiln_instance on, kiln_job job)
 *     {
 *         const struct options *options = given;
 *         kiln_say("Writing %s", options->path);
 *         return kiln_run(on, "touch %s", kiln_quote(options->path));
 *     }
 *
 *     const kiln_provisioner kiln_the_provisioner = {
 *         .name = "touch",
 *         .version = "1.0.0",
 *         .about = "Makes an empty file.",
 *         .options = &options,
 *         .run = run,
 *     };
 */
#ifndef KILNBOX_STEP_H
#define KILNBOX_STEP_H

#include "host.h"
#include "options.h"

/* Works on the instance that is being built. */
typedef struct {
    /* The name that the user writes as `type`. */
    const char *name;
    /* Semantic version. */
    const char *version;
    /* What it does, for its documentation, and examples: a JSON list of blocks of a template. Both may be NULL. */
    const char *about;
    const char *examples;
    const kiln_options *options;
    /* Checks what the schema cannot say; may be NULL. No capability answers meanwhile. */
    void (*validate)(const void *options, kiln_problems *problems);
    /* Does the work. `options` is a pointer to the struct of the table. False says that it failed. */
    bool (*run)(const void *options, kiln_instance on, kiln_job job);
} kiln_provisioner;

extern const kiln_provisioner kiln_the_provisioner;

/* Works on the artifact of a builder or of an earlier post-processor. */
typedef struct {
    const char *name;
    const char *version;
    const char *about;
    const char *examples;
    const kiln_options *options;
    void (*validate)(const void *options, kiln_problems *problems);
    /* As above. `made` is the artifact that comes of it: the input, unless `run` sets it. */
    bool (*run)(const void *options, kiln_artifact input, kiln_job job, kiln_processed *made);
} kiln_post_processor;

extern const kiln_post_processor kiln_the_post_processor;

#endif
