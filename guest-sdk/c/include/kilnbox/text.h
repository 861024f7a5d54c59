/* Text, lists of text, and words of a command line. Pure: usable in native tests. */
#ifndef KILNBOX_TEXT_H
#define KILNBOX_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define KILN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define KILN_PRINTF(text, first)
#endif

/* Bytes that need not be text. */
typedef struct {
    const void *bytes;
    size_t length;
} kiln_bytes;

typedef struct {
    const char **items;
    size_t count;
} kiln_strings;

/* A list as it is written: KILN_STRINGS("md5", "sha256"). */
#define KILN_STRINGS(...)                                                                                              \
    ((kiln_strings){                                                                                                   \
        .items = (const char *[]){__VA_ARGS__},                                                                        \
        .count = sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *),                                         \
    })

/* A text that grows; starts as {0}. `chars` is NULL as long as nothing was appended. */
typedef struct {
    char *chars;
    size_t length;
    size_t room;
} kiln_text;

/* Memory, zeroed. Ends the step where there is no more, as every allocation here does. */
void *kiln_allocate(size_t bytes);

/* As sprintf, into a text of its own. */
char *kiln_format(const char *format, ...) KILN_PRINTF(1, 2);
char *kiln_format_list(const char *format, va_list arguments);

/* Appends to a text. */
void kiln_append(kiln_text *text, const char *format, ...) KILN_PRINTF(2, 3);

/* Without the white space at both ends. */
char *kiln_trim(const char *text);

/* The items with `between` between them. */
char *kiln_join(kiln_strings list, const char *between);

/* One word for a POSIX shell, quoted where the shell would read it otherwise. Whatever comes from options belongs on
 * a command line quoted, or it is read as more than one word, or as a command of its own. */
char *kiln_quote(const char *word);

#endif
