#include "border.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

_Static_assert(KILN_DENIED == KILNBOX_PLUGIN_TYPES_ERROR_CODE_DENIED, "as the contract numbers them");
_Static_assert(KILN_CONNECTION == KILNBOX_PLUGIN_TYPES_ERROR_CODE_CONNECTION, "as the contract numbers them");
_Static_assert(KILN_OTHER == KILNBOX_PLUGIN_TYPES_ERROR_CODE_OTHER, "as the contract numbers them");

/* How many bytes the character at `bytes` has, of Unicode's table 3-7; 0 where none begins. */
static size_t character(const uint8_t *bytes, size_t left)
{
    uint8_t first = bytes[0];
    uint8_t low = 0x80, high = 0xBF;
    size_t length;
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF) {
        length = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        length = 3;
        low = first == 0xE0 ? 0xA0 : low;
        high = first == 0xED ? 0x9F : high;
    } else if (first >= 0xF0 && first <= 0xF4) {
        length = 4;
        low = first == 0xF0 ? 0x90 : low;
        high = first == 0xF4 ? 0x8F : high;
    } else {
        return 0;
    }
    if (left < length || bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if (bytes[i] < 0x80 || bytes[i] > 0xBF)
            return 0;
    }
    return length;
}

/* A copy that is UTF-8 and has no zero byte in it. */
static char *sound(const uint8_t *bytes, size_t length)
{
    char *text = kiln_allocate(3 * length + 1);
    char *end = text;
    for (size_t at = 0; at < length;) {
        size_t taken = bytes[at] == 0 ? 0 : character(bytes + at, length - at);
        if (taken == 0) {
            memcpy(end, REPLACEMENT, 3);
            end += 3;
            at++;
        } else {
            memcpy(end, bytes + at, taken);
            end += taken;
            at += taken;
        }
    }
    return text;
}

const char *kiln_taken(contract_string_t *text)
{
    char *taken = sound(text->ptr, text->len);
    contract_string_free(text);
    return taken;
}

kiln_strings kiln_taken_list(contract_list_string_t *list)
{
    kiln_strings taken = {.items = kiln_allocate(list->len * sizeof *taken.items), .count = list->len};
    for (size_t i = 0; i < list->len; i++)
        taken.items[i] = sound(list->ptr[i].ptr, list->ptr[i].len);
    contract_list_string_free(list);
    return taken;
}

const char *kiln_taken_bytes(contract_list_u8_t *bytes)
{
    char *taken = sound(bytes->ptr, bytes->len);
    contract_list_u8_free(bytes);
    return taken;
}

contract_string_t kiln_lent(const char *text)
{
    char *lent = sound((const uint8_t *)text, strlen(text));
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
