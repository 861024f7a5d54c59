#include "kilnbox/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough for most texts, so that few of them move while they grow. */
#define FIRST_ROOM 64

#define WHITE_SPACE " \t\n\v\f\r"

void *kiln_allocate(size_t bytes)
{
    void *memory = calloc(1, bytes > 0 ? bytes : 1);
    if (memory == NULL)
        abort();
    return memory;
}

char *kiln_format_list(const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        abort();
    char *text = kiln_allocate((size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

char *kiln_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = kiln_format_list(format, arguments);
    va_end(arguments);
    return text;
}

static void append_bytes(kiln_text *text, const char *bytes, size_t length)
{
    size_t needed = text->length + length + 1;
    if (needed > text->room) {
        size_t room = text->room > 0 ? text->room : FIRST_ROOM;
        while (room < needed)
            room *= 2;
        char *chars = realloc(text->chars, room);
        if (chars == NULL)
            abort();
        text->chars = chars;
        text->room = room;
    }
    memcpy(text->chars + text->length, bytes, length);
    text->length += length;
    text->chars[text->length] = '\0';
}

void kiln_append(kiln_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *more = kiln_format_list(format, arguments);
    va_end(arguments);
    append_bytes(text, more, strlen(more));
    free(more);
}

char *kiln_trim(const char *text)
{
    text += strspn(text, WHITE_SPACE);
    size_t length = strlen(text);
    while (length > 0 && strchr(WHITE_SPACE, text[length - 1]) != NULL)
        length--;
    char *trimmed = kiln_allocate(length + 1);
    memcpy(trimmed, text, length);
    return trimmed;
}

char *kiln_join(kiln_strings list, const char *between)
{
    kiln_text text = {0};
    append_bytes(&text, "", 0);
    for (size_t i = 0; i < list.count; i++)
        kiln_append(&text, "%s%s", i > 0 ? between : "", list.items[i]);
    return text.chars;
}

char *kiln_quote(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";
    if (*word != '\0' && word[strspn(word, plain)] == '\0')
        return kiln_format("%s", word);

    kiln_text quoted = {0};
    append_bytes(&quoted, "'", 1);
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            append_bytes(&quoted, "'\\''", 4);
        else
            append_bytes(&quoted, word, 1);
    }
    append_bytes(&quoted, "'", 1);
    return quoted.chars;
}
