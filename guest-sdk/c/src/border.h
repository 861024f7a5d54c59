/* Between the texts of C and those of the contract, which know their length, are UTF-8 and have an owner. */
#ifndef KILNBOX_BORDER_H
#define KILNBOX_BORDER_H

#include "contract.h"
#include "kilnbox/error.h"

/* A text of the host as one of C; the host's is freed. */
const char *kiln_taken(contract_string_t *text);
kiln_strings kiln_taken_list(contract_list_string_t *list);

/* Bytes of the host as text: what is no UTF-8, and the end mark of C, become U+FFFD. The bytes are freed. */
const char *kiln_taken_bytes(contract_list_u8_t *bytes);

/* A text that the callee only reads. */
contract_string_t kiln_lent(const char *text);
contract_list_string_t kiln_lent_list(kiln_strings list);
contract_list_u8_t kiln_lent_bytes(kiln_bytes bytes);
/* Names and values in turn, ended by NULL. */
contract_list_tuple2_string_string_t kiln_lent_pairs(const char *const *pairs);

/* A text that the caller will free. */
contract_string_t kiln_given(const char *text);

/* Keeps an error of the host as the step's. Returns false. */
bool kiln_fail_with(kilnbox_plugin_types_error_t *error);

#endif
