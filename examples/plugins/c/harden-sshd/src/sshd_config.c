#include "sshd_config.h"

kiln_strings sshd_settings(const struct options *options)
{
    kiln_strings lines = {.items = kiln_allocate(3 * sizeof *lines.items)};
    lines.items[lines.count++] = kiln_format("PermitRootLogin %s", options->permit_root_login);
    lines.items[lines.count++] =
        kiln_format("PasswordAuthentication %s", options->password_authentication ? "yes" : "no");
    if (options->allow_users.count > 0)
        lines.items[lines.count++] = kiln_format("AllowUsers %s", kiln_join(options->allow_users, " "));
    return lines;
}

const char *sshd_config(const struct options *options)
{
    kiln_text text = {0};
    kiln_append(&text, "# Written by harden-sshd.\n%s\n", kiln_join(sshd_settings(options), "\n"));
    if (options->banner != NULL)
        kiln_append(&text, "Banner %s\n", banner_path(options));
    return text.chars;
}
