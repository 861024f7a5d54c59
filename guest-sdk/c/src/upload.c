#include "kilnbox/upload.h"

#include <string.h>

#include "border.h"
#include "kilnbox/exec.h"

/* Only the account of the connection. */
#define TEMPORARY_MODE 0600

static uint32_t *maybe(uint32_t *mode)
{
    return *mode == KILN_USUAL_MODE ? NULL : mode;
}

bool kiln_upload_bytes(kiln_instance on, kiln_bytes content, const char *path, uint32_t mode)
{
    contract_list_u8_t bytes = kiln_lent_bytes(content);
    contract_string_t lent = kiln_lent(path);
    uint64_t written;
    kilnbox_plugin_types_error_t error;
    return kilnbox_plugin_upload_bytes(on, &bytes, &lent, maybe(&mode), &written, &error) || kiln_fail_with(&error);
}

static bool open_asset(const char *path, kilnbox_plugin_assets_own_asset_t *asset)
{
    contract_string_t lent = kiln_lent(path);
    kilnbox_plugin_types_error_t error;
    return kilnbox_plugin_assets_open(&lent, asset, &error) || kiln_fail_with(&error);
}

static bool upload_asset(kiln_instance on, kilnbox_plugin_assets_own_asset_t source, const char *path, uint32_t mode)
{
    contract_string_t lent = kiln_lent(path);
    uint64_t written;
    kilnbox_plugin_types_error_t error;
    bool done = kilnbox_plugin_upload_file(on, kilnbox_plugin_assets_borrow_asset(source), &lent, maybe(&mode),
                                           &written, &error) ||
                kiln_fail_with(&error);
    kilnbox_plugin_assets_asset_drop_own(source);
    return done;
}

bool kiln_upload_file(kiln_instance on, const char *asset, const char *path, uint32_t mode)
{
    kilnbox_plugin_assets_own_asset_t source;
    return open_asset(asset, &source) && upload_asset(on, source, path, mode);
}

bool kiln_upload_directory(kiln_instance on, const char *asset, const char *path)
{
    kilnbox_plugin_assets_own_asset_t source;
    if (!open_asset(asset, &source))
        return false;
    contract_string_t lent = kiln_lent(path);
    uint64_t written;
    kilnbox_plugin_types_error_t error;
    bool done =
        kilnbox_plugin_upload_directory(on, kilnbox_plugin_assets_borrow_asset(source), &lent, &written, &error) ||
        kiln_fail_with(&error);
    kilnbox_plugin_assets_asset_drop_own(source);
    return done;
}

/* The handle is never dropped: it ends with the run. */
void kiln_remove_after_run(kiln_instance on, const char *path)
{
    contract_string_t lent = kiln_lent(path);
    kilnbox_plugin_upload_static_temporary_file_register(on, &lent);
}

kiln_staging kiln_new_staging(kiln_instance on, kiln_job job, const char *name, bool sudo)
{
    uint32_t random = kilnbox_plugin_types_method_job_random(job, UINT32_MAX);
    return (kiln_staging){
        .on = on,
        .sudo = sudo,
        .prefix = kiln_format("/tmp/%s-%08x", name, (unsigned)random),
    };
}

/* Registered before the upload, so that half a file is removed too. */
static kiln_staged temporary(const kiln_staging *staging, const char *suffix)
{
    const char *path = kiln_format("%s%s", staging->prefix, suffix);
    kiln_remove_after_run(staging->on, path);
    return (kiln_staged){.on = staging->on, .sudo = staging->sudo, .path = path};
}

bool kiln_stage_text(const kiln_staging *staging, const char *suffix, const char *content, kiln_staged *staged)
{
    *staged = temporary(staging, suffix);
    kiln_bytes bytes = {.bytes = content, .length = strlen(content)};
    return kiln_upload_bytes(staged->on, bytes, staged->path, TEMPORARY_MODE);
}

bool kiln_stage_file(const kiln_staging *staging, const char *suffix, const char *asset, kiln_staged *staged)
{
    kilnbox_plugin_assets_own_asset_t source;
    if (!open_asset(asset, &source))
        return false;
    *staged = temporary(staging, suffix);
    return upload_asset(staged->on, source, staged->path, TEMPORARY_MODE);
}

bool kiln_install(const kiln_staged *staged, const char *path, uint32_t mode)
{
    kiln_command command = {
        .line = kiln_format("%sinstall -D -m %04o %s %s", staged->sudo ? "sudo -n " : "", (unsigned)mode,
                            kiln_quote(staged->path), kiln_quote(path)),
        .output = KILN_CAPTURE,
    };
    kiln_outcome outcome;
    return (kiln_exec(staged->on, command, &outcome) && kiln_succeeded(&outcome)) ||
           kiln_context("installing %s", path);
}
