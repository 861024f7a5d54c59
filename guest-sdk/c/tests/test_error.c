#include <kilnbox/expect.h>
#include "kilnbox/error.h"
#include "kilnbox/exec.h"

static void context_is_shown_outermost_first(void)
{
    EXPECT(!kiln_fail(KILN_REMOTE, "no space on %s", "/"));
    EXPECT(!kiln_context("writing %s", "/etc/motd"));
    EXPECT(!kiln_context("greeting"));
    EXPECT_TEXT(kiln_error_text(), "greeting: writing /etc/motd: no space on /");
    EXPECT(kiln_get_error().code == KILN_REMOTE);
    EXPECT_TEXT(kiln_get_error().context.items[0], "writing /etc/motd");

    EXPECT(!kiln_fail(KILN_OTHER, "another"));
    EXPECT_TEXT(kiln_error_text(), "another");
}

static void check_outcome(kiln_outcome outcome, const char *expected)
{
    bool succeeded = kiln_succeeded(&outcome);
    EXPECT(succeeded == (expected == NULL));
    if (expected != NULL)
        EXPECT_TEXT(kiln_error_text(), expected);
}

static void a_failure_says_what_the_command_said(void)
{
    check_outcome((kiln_outcome){.code = 0, .errors = "a warning\n"}, NULL);
    check_outcome((kiln_outcome){.code = 1, .errors = "install: no space\n"}, "install: no space");
    check_outcome((kiln_outcome){.code = 127, .errors = " \n"}, "exit code 127");
    check_outcome((kiln_outcome){.ending = KILN_SIGNALLED, .signal = "KILL", .errors = "half"}, "ended by signal KILL");
    check_outcome((kiln_outcome){.ending = KILN_LOST, .errors = ""}, "the connection was lost");
}

int main(void)
{
    context_is_shown_outermost_first();
    a_failure_says_what_the_command_said();
    return 0;
}
