#include "kilnbox/exec.h"

#include "border.h"

#define USUAL_LIMIT 4096

static bool set_environment(kilnbox_plugin_exec_borrow_command_t command, const char *const *environment)
{
    contract_list_tuple2_string_string_t pairs = kiln_lent_pairs(environment);
    for (size_t i = 0; i < pairs.len; i++) {
        kilnbox_plugin_types_error_t error;
        if (!kilnbox_plugin_exec_method_command_env(command, &pairs.ptr[i].f0, &pairs.ptr[i].f1, &error))
            return kiln_fail_with(&error);
    }
    return true;
}

static bool prepare(kilnbox_plugin_exec_borrow_command_t command, const kiln_command *wanted)
{
    switch (wanted->output) {
    case KILN_FORWARD:
        break;
    case KILN_DISCARD:
        kilnbox_plugin_exec_method_command_discard(command);
        break;
    case KILN_CAPTURE:
        kilnbox_plugin_exec_method_command_capture(command, wanted->limit > 0 ? wanted->limit : USUAL_LIMIT);
        break;
    }
    if (wanted->input.length > 0) {
        contract_list_u8_t input = kiln_lent_bytes(wanted->input);
        kilnbox_plugin_exec_method_command_stdin(command, &input);
    }
    if (wanted->run_as != NULL) {
        contract_string_t user = kiln_lent(wanted->run_as);
        kilnbox_plugin_exec_method_command_run_as(command, &user);
    }
    if (wanted->pty)
        kilnbox_plugin_exec_method_command_pty(command, true);
    if (wanted->timeout > 0)
        kilnbox_plugin_exec_method_command_timeout(command, wanted->timeout);
    return set_environment(command, wanted->environment);
}

static kiln_outcome read_outcome(kilnbox_plugin_exec_borrow_outcome_t from)
{
    kiln_outcome outcome = {.truncated = kilnbox_plugin_exec_method_outcome_truncated(from)};
    kilnbox_plugin_exec_exit_t exit;
    kilnbox_plugin_exec_method_outcome_exit(from, &exit);
    switch (exit.tag) {
    case KILNBOX_PLUGIN_TYPES_EXIT_CODE:
        outcome.ending = KILN_EXITED;
        outcome.code = exit.val.code;
        break;
    case KILNBOX_PLUGIN_TYPES_EXIT_SIGNAL:
        outcome.ending = KILN_SIGNALLED;
        outcome.signal = kiln_taken(&exit.val.signal);
        break;
    default:
        outcome.ending = KILN_LOST;
        break;
    }
    contract_list_u8_t bytes;
    kilnbox_plugin_exec_method_outcome_stdout(from, &bytes);
    outcome.output = kiln_taken_bytes(&bytes);
    kilnbox_plugin_exec_method_outcome_stderr(from, &bytes);
    outcome.errors = kiln_taken_bytes(&bytes);
    return outcome;
}

static bool run(kilnbox_plugin_exec_borrow_command_t command, kiln_instance on, kiln_outcome *outcome)
{
    kilnbox_plugin_exec_own_outcome_t ended;
    kilnbox_plugin_types_error_t error;
    if (!kilnbox_plugin_exec_method_command_run(command, on, &ended, &error))
        return kiln_fail_with(&error);
    *outcome = read_outcome(kilnbox_plugin_exec_borrow_outcome(ended));
    kilnbox_plugin_exec_outcome_drop_own(ended);
    return true;
}

bool kiln_exec(kiln_instance on, kiln_command command, kiln_outcome *outcome)
{
    contract_string_t line = kiln_lent(command.line);
    kilnbox_plugin_exec_own_command_t owned = kilnbox_plugin_exec_constructor_command(&line);
    kilnbox_plugin_exec_borrow_command_t borrowed = kilnbox_plugin_exec_borrow_command(owned);
    bool ran = prepare(borrowed, &command) && run(borrowed, on, outcome);
    kilnbox_plugin_exec_command_drop_own(owned);
    return ran;
}

bool kiln_run(kiln_instance on, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    kiln_command command = {.line = kiln_format_list(format, arguments)};
    va_end(arguments);
    kiln_outcome outcome;
    return kiln_exec(on, command, &outcome) && kiln_succeeded(&outcome);
}
