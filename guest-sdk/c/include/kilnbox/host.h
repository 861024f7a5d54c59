/* What a run is lent: the instance, the job, the artifact. */
#ifndef KILNBOX_HOST_H
#define KILNBOX_HOST_H

#include "contract.h"
#include "text.h"

typedef kilnbox_plugin_types_borrow_instance_t kiln_instance;
typedef kilnbox_plugin_types_borrow_job_t kiln_job;
typedef kilnbox_plugin_types_borrow_artifact_t kiln_artifact;
typedef kilnbox_plugin_types_own_processed_t kiln_processed;

/* Of the instance. */
const char *kiln_communicator(kiln_instance on);
const char *kiln_os_family(kiln_instance on);
const char *kiln_shell_family(kiln_instance on);
/* NULL where it is not known. */
const char *kiln_arch(kiln_instance on);
const char *kiln_user(kiln_instance on);
bool kiln_reconnect(kiln_instance on, uint64_t milliseconds);

/* Of the job; all that needs no text is in contract.h. */
const char *kiln_build_name(kiln_job job);
const char *kiln_build_type(kiln_job job);
/* A value of the build, such as "ID" or "Host"; NULL where there is none. */
const char *kiln_generated(kiln_job job, const char *key);
bool kiln_sleep(kiln_job job, uint64_t milliseconds);

/* Of the artifact. */
const char *kiln_builder_id(kiln_artifact artifact);
const char *kiln_artifact_id(kiln_artifact artifact);
/* Names for kiln_digest and kiln_file_size, not paths that the step could open. */
kiln_strings kiln_artifact_files(kiln_artifact artifact);
bool kiln_file_size(kiln_artifact artifact, const char *name, uint64_t *bytes);

/* Makes the artifact that a post-processor returns. */
kiln_processed kiln_new_artifact(const char *builder_id, const char *id, const char *description);
bool kiln_add_file(kiln_processed made, const char *name);
/* Whether the input stays when the user did not say so. */
void kiln_keep_input(kiln_processed made, bool keep);

#endif
