#include "exports.h"

#include "kilnbox/error.h"

static kilnbox_plugin_types_diagnostic_t given_problem(const kiln_problem *problem)
{
    kilnbox_plugin_types_diagnostic_t given = {
        .severity = problem->severity == KILN_ERROR ? KILNBOX_PLUGIN_TYPES_SEVERITY_ERROR
                                                    : KILNBOX_PLUGIN_TYPES_SEVERITY_WARNING,
        .at = kiln_given(problem->at),
        .message = kiln_given(problem->message),
    };
    if (problem->hint != NULL) {
        given.hint.is_some = true;
        given.hint.val = kiln_given(problem->hint);
    }
    return given;
}

exports_kilnbox_plugin_validator_list_diagnostic_t kiln_diagnostics(const kiln_options *options,
                                                                    kiln_validate *validate, contract_string_t *json)
{
    kiln_problems problems = {0};
    const void *read = kiln_read_options(options, kiln_taken(json));
    if (read == NULL)
        kiln_add_problem(&problems, (kiln_problem){.at = "", .message = kiln_error_text()});
    else if (validate != NULL)
        validate(read, &problems);

    exports_kilnbox_plugin_validator_list_diagnostic_t given = {
        .ptr = kiln_allocate(problems.count * sizeof *given.ptr),
        .len = problems.count,
    };
    for (size_t i = 0; i < problems.count; i++)
        given.ptr[i] = given_problem(&problems.items[i]);
    return given;
}

const void *kiln_options_of(kiln_job job, const kiln_options *options)
{
    contract_string_t json;
    kilnbox_plugin_types_method_job_options(job, &json);
    return kiln_read_options(options, kiln_taken(&json));
}

kilnbox_plugin_types_error_t kiln_given_error(void)
{
    kiln_error error = kiln_get_error();
    kilnbox_plugin_types_error_t given = {
        .code = (kilnbox_plugin_types_error_code_t)error.code,
        .message = kiln_given(error.message),
    };
    given.context.len = error.context.count;
    given.context.ptr = kiln_allocate(error.context.count * sizeof *given.context.ptr);
    for (size_t i = 0; i < error.context.count; i++)
        given.context.ptr[i] = kiln_given(error.context.items[i]);
    return given;
}
