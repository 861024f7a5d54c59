#include "../src/sshd_config.h"
#include <kilnbox/expect.h>

static void check(const char *json, const char *expected)
{
    const struct options *options = kiln_read_options(&options_table, json);
    EXPECT(options != NULL);
    EXPECT_TEXT(sshd_config(options), expected);
}

int main(void)
{
    check("{}", "# Written by harden-sshd.\nPermitRootLogin no\nPasswordAuthentication no\n");
    check("{ \"permit_root_login\": \"prohibit-password\", \"password_authentication\": true,"
          "  \"allow_users\": [\"admin\", \"build\"], \"path\": \"/etc/x.conf\", \"banner\": \"banner.txt\" }",
          "# Written by harden-sshd.\nPermitRootLogin prohibit-password\nPasswordAuthentication yes\n"
          "AllowUsers admin build\nBanner /etc/x.conf.banner\n");
    return 0;
}
