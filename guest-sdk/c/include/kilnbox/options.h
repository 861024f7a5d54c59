/* The options of a step: one table makes the JSON Schema that Kilnbox checks templates with, and fills a struct from
 * what the user wrote. Pure: usable in native tests.
 *
 *     struct options {
 *         const char *path;
 *         bool sudo;
 *         kiln_strings users;
 *     };
 *
 *     static const kiln_option fields[] = {
 *         KILN_OPTION(struct options, path, .about = "The file on the instance.", .required = true),
 *         KILN_OPTION(struct options, sudo, .about = "Whether to use `sudo`.", .otherwise = KILN_JSON(false)),
 *         KILN_OPTION(struct options, users, .about = "Who may log in.", .otherwise = KILN_JSON([])),
 *     };
 *
 *     const kiln_options options = KILN_OPTIONS(struct options, fields);
 *
 * The type of an option is that of the field: const char *, bool, int64_t, double, kiln_duration or kiln_strings. One
 * that is neither required nor has an `otherwise` may be left out, and is then NULL, false, 0 or no items. */
#ifndef KILNBOX_OPTIONS_H
#define KILNBOX_OPTIONS_H

#include "duration.h"
#include "text.h"

/* JSON as it is written, without the quotes of C: KILN_JSON(["a", "b"]), KILN_JSON("no"), KILN_JSON(false). */
#define KILN_JSON(...) #__VA_ARGS__

/* The values that a text, or the items of a list, may have. */
#define KILN_CHOICES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* What the host must know of an option; see the guide. For a list they are those of its items. */
#define KILN_ASSET_PATH "asset-path"
#define KILN_ASSET_FILE "asset-file"
#define KILN_ASSET_DIRECTORY "asset-directory"
#define KILN_OUTPUT_PATH "output-path"
#define KILN_OUTPUT_TEMPLATE "output-template"
#define KILN_FILE_PATTERN "file-pattern"
#define KILN_RUNTIME_TEMPLATE "runtime-template"
#define KILN_SECRET "secret"

typedef enum { KILN_TEXT, KILN_FLAG, KILN_INTEGER, KILN_NUMBER, KILN_DURATION, KILN_LIST } kiln_option_type;

typedef struct {
    const char *name;
    size_t offset;
    kiln_option_type type;
    /* A sentence or two, the option's documentation. */
    const char *about;
    bool required;
    /* JSON: the value where the user writes none. */
    const char *otherwise;
    const char *format;
    const char *const *choices;
    /* A JSON object with more keywords of the schema: KILN_JSON({ "minimum": 1 }). */
    const char *keywords;
} kiln_option;

typedef struct {
    const kiln_option *items;
    size_t count;
    /* Of the struct. */
    size_t size;
} kiln_options;

/* clang-format off */
#define KILN_OPTION(of, field, ...)                                                                                    \
    {                                                                                                                  \
        .name = #field,                                                                                                \
        .offset = offsetof(of, field),                                                                                 \
        .type = _Generic(((of *)0)->field,                                                                             \
                         const char *: KILN_TEXT,                                                                      \
                         bool: KILN_FLAG,                                                                              \
                         int64_t: KILN_INTEGER,                                                                        \
                         double: KILN_NUMBER,                                                                          \
                         kiln_duration: KILN_DURATION,                                                                 \
                         kiln_strings: KILN_LIST),                                                                     \
        __VA_ARGS__                                                                                                    \
    }

#define KILN_OPTIONS(of, fields) { .items = fields, .count = sizeof(fields) / sizeof *(fields), .size = sizeof(of) }
/* clang-format on */

/* The JSON Schema, draft 2020-12. `about` and `examples`, a JSON list, may be NULL. */
char *kiln_schema(const kiln_options *options, const char *about, const char *examples);

/* A struct filled from a JSON object, with every `otherwise` in its place; NULL and an error if they do not fit. */
void *kiln_read_options(const kiln_options *options, const char *json);

/* What is wrong with options beyond what the schema can say; starts as {0}. */
typedef enum { KILN_ERROR, KILN_WARNING } kiln_severity;

typedef struct {
    kiln_severity severity;
    /* JSON pointer of the option, such as "/users/0"; empty for the whole. */
    const char *at;
    const char *message;
    /* The way out, or NULL. */
    const char *hint;
} kiln_problem;

typedef struct {
    kiln_problem *items;
    size_t count;
} kiln_problems;

void kiln_add_problem(kiln_problems *problems, kiln_problem problem);

#endif
