#include "options.h"

#include <string.h>

static const kiln_option fields[] = {
    KILN_OPTION(struct options, permit_root_login, .about = "Who may log in as root.",
                .choices = KILN_CHOICES("no", "prohibit-password", "yes"), .otherwise = KILN_JSON("no")),
    KILN_OPTION(struct options, password_authentication, .about = "Whether passwords are accepted.",
                .otherwise = KILN_JSON(false)),
    KILN_OPTION(struct options, allow_users, .about = "Only these accounts may log in; all may where it is empty.",
                .otherwise = KILN_JSON([])),
    KILN_OPTION(struct options, path, .about = "The file on the instance.",
                .otherwise = KILN_JSON("/etc/ssh/sshd_config.d/50-hardening.conf")),
    KILN_OPTION(struct options, banner, .about = "A local file that is shown before login.",
                .format = KILN_ASSET_FILE),
    KILN_OPTION(struct options, sudo, .about = "Whether to put the file in place with `sudo`.",
                .otherwise = KILN_JSON(false)),
    KILN_OPTION(struct options, check,
                .about = "A command that must succeed once the file is there; `{{.Path}}` is the file.",
                .format = KILN_RUNTIME_TEMPLATE, .otherwise = KILN_JSON("/usr/sbin/sshd -t -f {{.Path}}")),
};

const kiln_options options_table = KILN_OPTIONS(struct options, fields);

const char *banner_path(const struct options *options)
{
    return kiln_format("%s.banner", options->path);
}

void find_problems(const void *given, kiln_problems *problems)
{
    const struct options *options = given;
    for (size_t i = 0; i < options->allow_users.count; i++) {
        const char *user = options->allow_users.items[i];
        if (*user == '\0' || strpbrk(user, " \t\n\v\f\r") != NULL)
            kiln_add_problem(problems, (kiln_problem){
                                           .severity = KILN_ERROR,
                                           .at = kiln_format("/allow_users/%zu", i),
                                           .message = kiln_format("`%s` is no account name", user),
                                           .hint = "one account per entry",
                                       });
    }
    if (options->path[0] != '/')
        kiln_add_problem(problems,
                         (kiln_problem){.severity = KILN_ERROR, .at = "/path", .message = "must be absolute"});
    if (strcmp(options->permit_root_login, "yes") == 0 && options->password_authentication)
        kiln_add_problem(problems, (kiln_problem){
                                       .severity = KILN_WARNING,
                                       .at = "/permit_root_login",
                                       .message = "root may log in with a password",
                                   });
}
