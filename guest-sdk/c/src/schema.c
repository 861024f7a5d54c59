/* The JSON Schema of a table of options. The order of the keywords is that of the other SDKs. */

#include "kilnbox/options.h"

#include <stdlib.h>

#include "../third_party/cjson/cJSON.h"

/* JSON of the step's own source: wrong, it would be wrong in every run. */
static cJSON *parsed(const char *json)
{
    cJSON *value = cJSON_Parse(json);
    if (value == NULL)
        abort();
    return value;
}

/* The types of JSON that it may be written as. */
static const char *const *type_names(kiln_option_type type)
{
    static const char *const names[][3] = {
        [KILN_TEXT] = {"string"},   [KILN_FLAG] = {"boolean"}, [KILN_INTEGER] = {"integer"},
        [KILN_NUMBER] = {"number"}, [KILN_LIST] = {"array"},   [KILN_DURATION] = {"string", "integer"},
    };
    return names[type];
}

/* What describes one text, of the option itself or of the items of a list. */
static void add_text_keywords(cJSON *schema, const kiln_option *option)
{
    if (option->format != NULL)
        cJSON_AddStringToObject(schema, "format", option->format);
    if (option->choices != NULL) {
        cJSON *values = cJSON_AddArrayToObject(schema, "enum");
        for (const char *const *choice = option->choices; *choice != NULL; choice++)
            cJSON_AddItemToArray(values, cJSON_CreateString(*choice));
    }
}

/* An option that may be left out without another value in its place may be null as well. */
static void add_type(cJSON *schema, const kiln_option *option)
{
    bool may_be_null =
        !option->required && option->otherwise == NULL && option->choices == NULL && option->type != KILN_LIST;
    const char *const *names = type_names(option->type);
    if (names[1] == NULL && !may_be_null) {
        cJSON_AddStringToObject(schema, "type", names[0]);
        return;
    }
    cJSON *either = cJSON_AddArrayToObject(schema, "type");
    for (; *names != NULL; names++)
        cJSON_AddItemToArray(either, cJSON_CreateString(*names));
    if (may_be_null)
        cJSON_AddItemToArray(either, cJSON_CreateString("null"));
}

static cJSON *option_schema(const kiln_option *option)
{
    cJSON *schema = cJSON_CreateObject();
    if (option->about != NULL)
        cJSON_AddStringToObject(schema, "description", option->about);
    add_type(schema, option);
    if (option->type == KILN_LIST) {
        cJSON *items = cJSON_AddObjectToObject(schema, "items");
        cJSON_AddStringToObject(items, "type", "string");
        add_text_keywords(items, option);
    } else {
        add_text_keywords(schema, option);
    }
    if (option->type == KILN_DURATION)
        cJSON_AddStringToObject(schema, "format", "duration");
    if (option->otherwise != NULL)
        cJSON_AddItemToObject(schema, "default", parsed(option->otherwise));
    if (option->keywords != NULL) {
        cJSON *more = parsed(option->keywords);
        while (more->child != NULL) {
            cJSON *keyword = cJSON_DetachItemViaPointer(more, more->child);
            cJSON_AddItemToObject(schema, keyword->string, keyword);
        }
        cJSON_Delete(more);
    }
    return schema;
}

char *kiln_schema(const kiln_options *options, const char *about, const char *examples)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON_AddStringToObject(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    if (about != NULL)
        cJSON_AddStringToObject(schema, "description", about);
    cJSON_AddStringToObject(schema, "type", "object");

    cJSON *properties = cJSON_AddObjectToObject(schema, "properties");
    cJSON *required = cJSON_CreateArray();
    for (size_t i = 0; i < options->count; i++) {
        const kiln_option *option = &options->items[i];
        cJSON_AddItemToObject(properties, option->name, option_schema(option));
        if (option->required)
            cJSON_AddItemToArray(required, cJSON_CreateString(option->name));
    }
    cJSON_AddFalseToObject(schema, "additionalProperties");
    if (cJSON_GetArraySize(required) > 0)
        cJSON_AddItemToObject(schema, "required", required);
    else
        cJSON_Delete(required);
    if (examples != NULL)
        cJSON_AddItemToObject(schema, "examples", parsed(examples));

    char *text = cJSON_PrintUnformatted(schema);
    cJSON_Delete(schema);
    if (text == NULL)
        abort();
    return text;
}
