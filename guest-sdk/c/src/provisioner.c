/* The exports of a provisioner. */

#include "exports.h"
#include "kilnbox/step.h"

void exports_kilnbox_plugin_plugin_describe(exports_kilnbox_plugin_plugin_info_t *info)
{
    const kiln_provisioner *step = &kiln_the_provisioner;
    info->name = kiln_given(step->name);
    info->version = kiln_given(step->version);
    info->kind = KILNBOX_PLUGIN_TYPES_KIND_PROVISIONER;
    info->schema = kiln_given(kiln_schema(step->options, step->about, step->examples));
}

void exports_kilnbox_plugin_validator_validate(contract_string_t *options,
                                               exports_kilnbox_plugin_validator_list_diagnostic_t *diagnostics)
{
    *diagnostics = kiln_diagnostics(kiln_the_provisioner.options, kiln_the_provisioner.validate, options);
}

/* The handles are the step's own, and end with its component. */
bool exports_kilnbox_plugin_provisioner_run(exports_kilnbox_plugin_provisioner_own_instance_t instance,
                                            exports_kilnbox_plugin_provisioner_own_job_t job,
                                            exports_kilnbox_plugin_provisioner_error_t *error)
{
    kiln_instance on = kilnbox_plugin_types_borrow_instance(instance);
    kiln_job lent = kilnbox_plugin_types_borrow_job(job);
    const void *options = kiln_options_of(lent, kiln_the_provisioner.options);
    if (options != NULL && kiln_the_provisioner.run(options, on, lent))
        return true;
    *error = kiln_given_error();
    return false;
}
