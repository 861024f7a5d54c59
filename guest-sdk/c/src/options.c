#include "kilnbox/options.h"

#include <string.h>

#include "../third_party/cjson/cJSON.h"
#include "kilnbox/error.h"

/* Past these, two integers may be one number of JavaScript, which is what cJSON has. */
#define LARGEST_INTEGER 9007199254740991.0

static bool fails(const kiln_option *option, const char *wanted)
{
    return kiln_fail(KILN_INVALID, "`%s` must be %s", option->name, wanted);
}

static bool may_be(const kiln_option *option, const char *text)
{
    if (option->choices == NULL)
        return true;
    for (const char *const *choice = option->choices; *choice != NULL; choice++) {
        if (strcmp(*choice, text) == 0)
            return true;
    }
    return kiln_fail(KILN_INVALID, "`%s` cannot be `%s`", option->name, text);
}

static bool read_text(const kiln_option *option, const cJSON *value, const char **text)
{
    if (!cJSON_IsString(value))
        return fails(option, "text");
    *text = kiln_format("%s", value->valuestring);
    return may_be(option, *text);
}

static bool read_list(const kiln_option *option, const cJSON *value, kiln_strings *list)
{
    if (!cJSON_IsArray(value))
        return fails(option, "a list");
    list->items = kiln_allocate((size_t)cJSON_GetArraySize(value) * sizeof *list->items);
    list->count = 0;
    const cJSON *item;
    cJSON_ArrayForEach (item, value) {
        if (!read_text(option, item, &list->items[list->count++]))
            return false;
    }
    return true;
}

static bool read_integer(const kiln_option *option, const cJSON *value, int64_t *integer)
{
    if (!cJSON_IsNumber(value) || value->valuedouble < -LARGEST_INTEGER || value->valuedouble > LARGEST_INTEGER ||
        value->valuedouble != (double)(int64_t)value->valuedouble)
        return fails(option, "an integer");
    *integer = (int64_t)value->valuedouble;
    return true;
}

static bool read_duration(const kiln_option *option, const cJSON *value, kiln_duration *duration)
{
    /* A number counts nanoseconds, as in Packer. */
    int64_t count;
    if (cJSON_IsNumber(value) && read_integer(option, value, &count) && count >= 0) {
        duration->nanoseconds = (uint64_t)count;
        return true;
    }
    if (cJSON_IsString(value) && kiln_parse_duration(value->valuestring, duration))
        return true;
    return fails(option, "a duration such as `5m`");
}

static bool read_value(const kiln_option *option, const cJSON *value, void *field)
{
    switch (option->type) {
    case KILN_TEXT:
        return read_text(option, value, field);
    case KILN_LIST:
        return read_list(option, value, field);
    case KILN_INTEGER:
        return read_integer(option, value, field);
    case KILN_DURATION:
        return read_duration(option, value, field);
    case KILN_FLAG:
        if (!cJSON_IsBool(value))
            return fails(option, "true or false");
        *(bool *)field = cJSON_IsTrue(value);
        return true;
    case KILN_NUMBER:
        if (!cJSON_IsNumber(value))
            return fails(option, "a number");
        *(double *)field = value->valuedouble;
        return true;
    }
    return false;
}

static bool read_option(const kiln_option *option, const cJSON *object, void *field)
{
    const cJSON *written = cJSON_GetObjectItemCaseSensitive(object, option->name);
    if (written != NULL && !cJSON_IsNull(written))
        return read_value(option, written, field);
    if (option->required)
        return kiln_fail(KILN_INVALID, "`%s` is missing", option->name);
    if (option->otherwise == NULL)
        return true;
    cJSON *otherwise = cJSON_Parse(option->otherwise);
    bool fits = read_value(option, otherwise, field);
    cJSON_Delete(otherwise);
    return fits;
}

void *kiln_read_options(const kiln_options *options, const char *json)
{
    cJSON *object = cJSON_Parse(json);
    if (!cJSON_IsObject(object)) {
        cJSON_Delete(object);
        kiln_fail(KILN_INVALID, "the options are no JSON object");
        return NULL;
    }
    char *filled = kiln_allocate(options->size);
    bool fits = true;
    for (size_t i = 0; i < options->count && fits; i++) {
        const kiln_option *option = &options->items[i];
        fits = read_option(option, object, filled + option->offset);
    }
    cJSON_Delete(object);
    return fits ? filled : NULL;
}

void kiln_add_problem(kiln_problems *problems, kiln_problem problem)
{
    kiln_problem *items = kiln_allocate((problems->count + 1) * sizeof *items);
    if (problems->count > 0)
        memcpy(items, problems->items, problems->count * sizeof *items);
    items[problems->count++] = problem;
    problems->items = items;
}
