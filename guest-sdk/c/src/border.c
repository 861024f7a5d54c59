#include "border.h"

#include <string.h>

#include "utf8.h"

_Static_assert(KILN_DENIED == KILNBOX_PLUGIN_TYPES_ERROR_CODE_DENIED, "as the contract numbers them");
_Static_assert(KILN_CONNECTION == KILNBOX_PLUGIN_TYPES_ERROR_CODE_CONNECTION, "as the contract numbers them");
_Static_assert(KILN_OTHER == KILNBOX_PLUGIN_TYPES_ERROR_CODE_OTHER, "as the contract numbers them");

const char *kiln_taken(contract_string_t *text)
{
    char *taken = kiln_sound(text->ptr, text->len);
    contract_string_free(text);
    return taken;
}

kiln_strings kiln_taken_list(contract_list_string_t *list)
{
    kiln_strings taken = {.items = kiln_allocate(list->len * sizeof *taken.items), .count = list->len};
    for (size_t i = 0; i < list->len; i++)
        taken.items[i] = kiln_sound(list->ptr[i].ptr, list->ptr[i].len);
    contract_list_string_free(list);
    return taken;
}

const char *kiln_taken_bytes(contract_list_u8_t *bytes)
{
    char *taken = kiln_sound(bytes->ptr, bytes->len);
    contract_list_u8_free(bytes);
    return taken;
}

contract_string_t kiln_lent(const char *text)
{
    char *lent = kiln_sound((const uint8_t *)text, strlen(text));
    return (contract_string_t){.ptr = (uint8_t *)lent, .len = strlen(lent)};
}

contract_list_string_t kiln_lent_list(kiln_strings list)
{
    contract_list_string_t lent = {.ptr = kiln_allocate(list.count * sizeof *lent.ptr), .len = list.count};
    for (size_t i = 0; i < list.count; i++)
        lent.ptr[i] = kiln_lent(list.items[i]);
    return lent;
}

contract_list_u8_t kiln_lent_bytes(kiln_bytes bytes)
{
    return (contract_list_u8_t){.ptr = (uint8_t *)bytes.bytes, .len = bytes.length};
}

contract_list_tuple2_string_string_t kiln_lent_pairs(const char *const *pairs)
{
    size_t count = 0;
    while (pairs != NULL && pairs[2 * count] != NULL)
        count++;
    contract_list_tuple2_string_string_t lent = {.ptr = kiln_allocate(count * sizeof *lent.ptr), .len = count};
    for (size_t i = 0; i < count; i++) {
        lent.ptr[i].f0 = kiln_lent(pairs[2 * i]);
        lent.ptr[i].f1 = kiln_lent(pairs[2 * i + 1]);
    }
    return lent;
}

contract_string_t kiln_given(const char *text)
{
    return kiln_lent(text);
}

bool kiln_fail_with(kilnbox_plugin_types_error_t *error)
{
    return kiln_set_error((kiln_error){
        .code = (kiln_error_code)error->code,
        .message = kiln_taken(&error->message),
        .context = kiln_taken_list(&error->context),
    });
}
