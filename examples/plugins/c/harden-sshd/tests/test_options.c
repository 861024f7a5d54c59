#include "../src/options.h"
#include <kilnbox/expect.h>

/* Each problem on a line: severity, place, message, hint. */
static void check(const char *json, const char *expected)
{
    const struct options *options = kiln_read_options(&options_table, json);
    EXPECT(options != NULL);
    kiln_problems problems = {0};
    find_problems(options, &problems);

    kiln_text found = {0};
    kiln_append(&found, "%s", "");
    for (size_t i = 0; i < problems.count; i++) {
        const kiln_problem *problem = &problems.items[i];
        kiln_append(&found, "%s %s: %s (%s)\n", problem->severity == KILN_ERROR ? "error" : "warning", problem->at,
                    problem->message, problem->hint != NULL ? problem->hint : "no hint");
    }
    EXPECT_TEXT(found.chars, expected);
}

int main(void)
{
    check("{}", "");
    check("{ \"allow_users\": [\"admin\", \"a b\", \"\"] }",
          "error /allow_users/1: `a b` is no account name (one account per entry)\n"
          "error /allow_users/2: `` is no account name (one account per entry)\n");
    check("{ \"path\": \"sshd.conf\" }", "error /path: must be absolute (no hint)\n");
    check("{ \"permit_root_login\": \"yes\" }", "");
    check("{ \"permit_root_login\": \"yes\", \"password_authentication\": true }",
          "warning /permit_root_login: root may log in with a password (no hint)\n");
    return 0;
}
