#include "kilnbox/files.h"

#include <stdlib.h>
#include <string.h>

#include "border.h"

/* Bytes of one call. */
#define PIECE (1024 * 1024)

const char *kiln_render(const char *at, const char *const *data)
{
    contract_string_t lent = kiln_lent(at);
    contract_list_tuple2_string_string_t pairs = kiln_lent_pairs(data);
    contract_string_t rendered;
    kilnbox_plugin_types_error_t error;
    if (!kilnbox_plugin_template_render(&lent, &pairs, &rendered, &error)) {
        kiln_fail_with(&error);
        return NULL;
    }
    return kiln_taken(&rendered);
}

/* A file that is read piece by piece: an asset or an output. */
typedef bool read_piece(int32_t handle, uint64_t offset, contract_list_u8_t *piece,
                        kilnbox_plugin_types_error_t *error);

static bool read_all(read_piece *read, int32_t handle, const char *path, size_t limit, kiln_bytes *content)
{
    char *bytes = NULL;
    size_t length = 0;
    for (;;) {
        contract_list_u8_t piece;
        kilnbox_plugin_types_error_t error;
        if (!read(handle, length, &piece, &error))
            return kiln_fail_with(&error);
        if (piece.len == 0)
            break;
        if (piece.len > limit - length)
            return kiln_fail(KILN_LIMIT, "`%s` is larger than the %zu bytes that are read of it", path, limit);
        bytes = realloc(bytes, length + piece.len);
        if (bytes == NULL)
            abort();
        memcpy(bytes + length, piece.ptr, piece.len);
        length += piece.len;
        contract_list_u8_free(&piece);
    }
    *content = (kiln_bytes){.bytes = bytes, .length = length};
    return true;
}

static bool read_of_asset(int32_t handle, uint64_t offset, contract_list_u8_t *piece,
                          kilnbox_plugin_types_error_t *error)
{
    kilnbox_plugin_assets_own_asset_t asset = {handle};
    return kilnbox_plugin_assets_method_asset_read(kilnbox_plugin_assets_borrow_asset(asset), offset, PIECE, piece,
                                                   error);
}

bool kiln_read_asset(const char *path, size_t limit, kiln_bytes *content)
{
    contract_string_t lent = kiln_lent(path);
    kilnbox_plugin_assets_own_asset_t asset;
    kilnbox_plugin_types_error_t error;
    if (!kilnbox_plugin_assets_open(&lent, &asset, &error))
        return kiln_fail_with(&error);
    bool done = read_all(read_of_asset, asset.__handle, path, limit, content);
    kilnbox_plugin_assets_asset_drop_own(asset);
    return done;
}

static bool open_output(const char *path, kilnbox_plugin_outputs_own_output_t *output)
{
    contract_string_t lent = kiln_lent(path);
    kilnbox_plugin_types_error_t error;
    return kilnbox_plugin_outputs_open(&lent, output, &error) || kiln_fail_with(&error);
}

static bool read_of_output(int32_t handle, uint64_t offset, contract_list_u8_t *piece,
                           kilnbox_plugin_types_error_t *error)
{
    kilnbox_plugin_outputs_own_output_t output = {handle};
    return kilnbox_plugin_outputs_method_output_read(kilnbox_plugin_outputs_borrow_output(output), offset, PIECE, piece,
                                                     error);
}

bool kiln_read_output(const char *path, size_t limit, kiln_bytes *content)
{
    kilnbox_plugin_outputs_own_output_t output;
    if (!open_output(path, &output))
        return false;
    *content = (kiln_bytes){0};
    bool done = !kilnbox_plugin_outputs_method_output_exists(kilnbox_plugin_outputs_borrow_output(output)) ||
                read_all(read_of_output, output.__handle, path, limit, content);
    kilnbox_plugin_outputs_output_drop_own(output);
    return done;
}

bool kiln_write_output(const char *path, kiln_bytes content, uint32_t mode)
{
    kilnbox_plugin_outputs_own_output_t output;
    if (!open_output(path, &output))
        return false;
    contract_list_u8_t bytes = kiln_lent_bytes(content);
    kilnbox_plugin_types_error_t error;
    bool done = kilnbox_plugin_outputs_method_output_replace(kilnbox_plugin_outputs_borrow_output(output), &bytes,
                                                             &mode, &error) ||
                kiln_fail_with(&error);
    kilnbox_plugin_outputs_output_drop_own(output);
    return done;
}

bool kiln_digest(const char *path, kiln_strings algorithms, kiln_strings *digests)
{
    kilnbox_plugin_outputs_own_output_t file;
    if (!open_output(path, &file))
        return false;
    contract_list_string_t asked = kiln_lent_list(algorithms);
    contract_list_string_t answer;
    kilnbox_plugin_types_error_t error;
    bool done = kilnbox_plugin_outputs_method_output_digest(kilnbox_plugin_outputs_borrow_output(file), &asked, &answer,
                                                            &error);
    if (done)
        *digests = kiln_taken_list(&answer);
    else
        kiln_fail_with(&error);
    kilnbox_plugin_outputs_output_drop_own(file);
    return done;
}

bool kiln_matching(const char *pattern, kiln_strings *paths)
{
    contract_string_t lent = kiln_lent(pattern);
    contract_list_string_t found;
    kilnbox_plugin_types_error_t error;
    if (!kilnbox_plugin_outputs_matching(&lent, &found, &error))
        return kiln_fail_with(&error);
    *paths = kiln_taken_list(&found);
    return true;
}

bool kiln_download_file(kiln_instance on, const char *path, const char *output)
{
    kilnbox_plugin_outputs_own_output_t to;
    if (!open_output(output, &to))
        return false;
    contract_string_t lent = kiln_lent(path);
    uint64_t written;
    kilnbox_plugin_types_error_t error;
    bool done = kilnbox_plugin_download_file(on, &lent, kilnbox_plugin_outputs_borrow_output(to), &written, &error) ||
                kiln_fail_with(&error);
    kilnbox_plugin_outputs_output_drop_own(to);
    return done;
}
