#include "kilnbox/ui.h"

#include "border.h"

_Static_assert(KILN_LOG_ERROR == KILNBOX_PLUGIN_UI_LEVEL_ERROR, "as the contract numbers them");

/* Formats the arguments after `format` and hands them to a function of the contract. */
#define SHOW(call, format)                                                                                             \
    do {                                                                                                               \
        va_list arguments;                                                                                             \
        va_start(arguments, format);                                                                                   \
        contract_string_t text = kiln_lent(kiln_format_list(format, arguments));                                       \
        va_end(arguments);                                                                                             \
        call(&text);                                                                                                   \
    } while (0)

void kiln_say(const char *format, ...)
{
    SHOW(kilnbox_plugin_ui_say, format);
}

void kiln_message(const char *format, ...)
{
    SHOW(kilnbox_plugin_ui_message, format);
}

void kiln_complain(const char *format, ...)
{
    SHOW(kilnbox_plugin_ui_error, format);
}

void kiln_log(kiln_level level, const char *text, const char *const *fields)
{
    contract_string_t lent = kiln_lent(text);
    contract_list_tuple2_string_string_t pairs = kiln_lent_pairs(fields);
    kilnbox_plugin_ui_log((kilnbox_plugin_ui_level_t)level, &lent, &pairs);
}

void kiln_progress(const char *what, uint64_t done, uint64_t total)
{
    contract_string_t lent = kiln_lent(what);
    kilnbox_plugin_ui_progress(&lent, done, total > 0 ? &total : NULL);
}
