/* The exports of a post-processor. */

#include "exports.h"
#include "kilnbox/step.h"

void exports_kilnbox_plugin_plugin_describe(exports_kilnbox_plugin_plugin_info_t *info)
{
    const kiln_post_processor *step = &kiln_the_post_processor;
    info->name = kiln_given(step->name);
    info->version = kiln_given(step->version);
    info->kind = KILNBOX_PLUGIN_TYPES_KIND_POST_PROCESSOR;
    info->schema = kiln_given(kiln_schema(step->options, step->about, step->examples));
}

void exports_kilnbox_plugin_validator_validate(contract_string_t *options,
                                               exports_kilnbox_plugin_validator_list_diagnostic_t *diagnostics)
{
    *diagnostics = kiln_diagnostics(kiln_the_post_processor.options, kiln_the_post_processor.validate, options);
}

/* The handles are the step's own, and end with its component. */
bool exports_kilnbox_plugin_post_processor_run(exports_kilnbox_plugin_post_processor_own_artifact_t input,
                                               exports_kilnbox_plugin_post_processor_own_job_t job,
                                               exports_kilnbox_plugin_post_processor_own_processed_t *made,
                                               exports_kilnbox_plugin_post_processor_error_t *error)
{
    kiln_artifact artifact = kilnbox_plugin_types_borrow_artifact(input);
    kiln_job lent = kilnbox_plugin_types_borrow_job(job);
    const void *options = kiln_options_of(lent, kiln_the_post_processor.options);
    kiln_processed result = {0};
    if (options == NULL || !kiln_the_post_processor.run(options, artifact, lent, &result)) {
        *error = kiln_given_error();
        return false;
    }
    /* No handle of a resource is 0. */
    *made = result.__handle != 0 ? result : kilnbox_plugin_types_static_processed_unchanged();
    return true;
}
