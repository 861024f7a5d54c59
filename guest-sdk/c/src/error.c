#include "kilnbox/error.h"

/* A component runs one call at a time. */
static kiln_error last = {.code = KILN_OTHER, .message = "the step did not say why"};

bool kiln_set_error(kiln_error error)
{
    last = error;
    return false;
}

kiln_error kiln_get_error(void)
{
    return last;
}

bool kiln_fail(kiln_error_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    last = (kiln_error){.code = code, .message = kiln_format_list(format, arguments)};
    va_end(arguments);
    return false;
}

bool kiln_context(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t count = last.context.count;
    const char **items = kiln_allocate((count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = last.context.items[i];
    items[count] = kiln_format_list(format, arguments);
    va_end(arguments);
    last.context = (kiln_strings){.items = items, .count = count + 1};
    return false;
}

char *kiln_error_text(void)
{
    kiln_text text = {0};
    for (size_t i = last.context.count; i > 0; i--)
        kiln_append(&text, "%s: ", last.context.items[i - 1]);
    kiln_append(&text, "%s", last.message);
    return text.chars;
}
