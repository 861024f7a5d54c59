#include "kilnbox/host.h"

#include "border.h"

/* A function of the contract that returns a text. */
#define TEXT_OF(call, self)                                                                                            \
    do {                                                                                                               \
        contract_string_t text;                                                                                        \
        call(self, &text);                                                                                             \
        return kiln_taken(&text);                                                                                      \
    } while (0)

const char *kiln_communicator(kiln_instance on)
{
    TEXT_OF(kilnbox_plugin_types_method_instance_communicator, on);
}

const char *kiln_os_family(kiln_instance on)
{
    TEXT_OF(kilnbox_plugin_types_method_instance_os_family, on);
}

const char *kiln_shell_family(kiln_instance on)
{
    TEXT_OF(kilnbox_plugin_types_method_instance_shell_family, on);
}

const char *kiln_arch(kiln_instance on)
{
    contract_string_t arch;
    return kilnbox_plugin_types_method_instance_arch(on, &arch) ? kiln_taken(&arch) : NULL;
}

const char *kiln_user(kiln_instance on)
{
    TEXT_OF(kilnbox_plugin_types_method_instance_user, on);
}

bool kiln_reconnect(kiln_instance on, uint64_t milliseconds)
{
    kilnbox_plugin_types_error_t error;
    return kilnbox_plugin_reconnect_wait(on, milliseconds, &error) || kiln_fail_with(&error);
}

const char *kiln_build_name(kiln_job job)
{
    TEXT_OF(kilnbox_plugin_types_method_job_build_name, job);
}

const char *kiln_build_type(kiln_job job)
{
    TEXT_OF(kilnbox_plugin_types_method_job_build_type, job);
}

const char *kiln_generated(kiln_job job, const char *key)
{
    contract_string_t lent = kiln_lent(key);
    contract_string_t value;
    return kilnbox_plugin_types_method_job_generated(job, &lent, &value) ? kiln_taken(&value) : NULL;
}

bool kiln_sleep(kiln_job job, uint64_t milliseconds)
{
    kilnbox_plugin_types_error_t error;
    return kilnbox_plugin_types_method_job_sleep(job, milliseconds, &error) || kiln_fail_with(&error);
}

const char *kiln_builder_id(kiln_artifact artifact)
{
    TEXT_OF(kilnbox_plugin_types_method_artifact_builder_id, artifact);
}

const char *kiln_artifact_id(kiln_artifact artifact)
{
    TEXT_OF(kilnbox_plugin_types_method_artifact_id, artifact);
}

kiln_strings kiln_artifact_files(kiln_artifact artifact)
{
    contract_list_string_t files;
    kilnbox_plugin_types_method_artifact_files(artifact, &files);
    return kiln_taken_list(&files);
}

bool kiln_file_size(kiln_artifact artifact, const char *name, uint64_t *bytes)
{
    contract_string_t lent = kiln_lent(name);
    kilnbox_plugin_types_error_t error;
    return kilnbox_plugin_types_method_artifact_file_size(artifact, &lent, bytes, &error) || kiln_fail_with(&error);
}

kiln_processed kiln_new_artifact(const char *builder_id, const char *id, const char *description)
{
    contract_string_t lent[] = {kiln_lent(builder_id), kiln_lent(id), kiln_lent(description)};
    return kilnbox_plugin_types_static_processed_artifact(&lent[0], &lent[1], &lent[2]);
}

bool kiln_add_file(kiln_processed made, const char *name)
{
    contract_string_t lent = kiln_lent(name);
    kilnbox_plugin_types_error_t error;
    return kilnbox_plugin_types_method_processed_add_file(kilnbox_plugin_types_borrow_processed(made), &lent, &error) ||
           kiln_fail_with(&error);
}

void kiln_keep_input(kiln_processed made, bool keep)
{
    kilnbox_plugin_types_method_processed_keep_input(kilnbox_plugin_types_borrow_processed(made), keep);
}
