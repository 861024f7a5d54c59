/* Files to the instance. The bytes of assets never pass through the component. */
#ifndef KILNBOX_UPLOAD_H
#define KILNBOX_UPLOAD_H

#include "error.h"
#include "host.h"

/* As a mode: that of the local file, or 0644. */
#define KILN_USUAL_MODE UINT32_MAX

/* Writes bytes as a file. */
bool kiln_upload_bytes(kiln_instance on, kiln_bytes content, const char *path, uint32_t mode);
/* Copies a local file, a path of the options as the user wrote it. */
bool kiln_upload_file(kiln_instance on, const char *asset, const char *path, uint32_t mode);
/* Copies what is in a local folder into the folder `path`, made if missing. */
bool kiln_upload_directory(kiln_instance on, const char *asset, const char *path);

/* The host removes this file of the instance when the run ends, however it ends. */
void kiln_remove_after_run(kiln_instance on, const char *path);

/* Files that are put in place by way of a temporary one, since the account of the connection often may not write
 * where they belong, and a file that is read while it is written is read in half. The content goes under a name in
 * /tmp; `install`, which may run by `sudo`, then makes the file and any folder that is missing. POSIX shells only.
 *
 *     kiln_staging staging = kiln_new_staging(on, job, "motd", true);
 *     kiln_staged motd;
 *     return kiln_stage_text(&staging, "", "Welcome.\n", &motd) && kiln_install(&motd, "/etc/motd", 0644);
 */
typedef struct {
    kiln_instance on;
    bool sudo;
    const char *prefix;
} kiln_staging;

typedef struct {
    kiln_instance on;
    bool sudo;
    /* Its temporary name. */
    const char *path;
} kiln_staged;

/* Names begin with /tmp/, `name` and eight random digits. */
kiln_staging kiln_new_staging(kiln_instance on, kiln_job job, const char *name, bool sudo);
/* `suffix` tells this file from the others, and may be empty for one of them. */
bool kiln_stage_text(const kiln_staging *staging, const char *suffix, const char *content, kiln_staged *staged);
bool kiln_stage_file(const kiln_staging *staging, const char *suffix, const char *asset, kiln_staged *staged);
bool kiln_install(const kiln_staged *staged, const char *path, uint32_t mode);

#endif
