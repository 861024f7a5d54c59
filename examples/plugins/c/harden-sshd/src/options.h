/* What the user writes in the template, and what the schema cannot say of it. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <kilnbox/options.h>

struct options {
    /* As sshd_config has it. */
    const char *permit_root_login;
    bool password_authentication;
    kiln_strings allow_users;
    /* Where the file is on the instance. */
    const char *path;
    /* NULL for none. */
    const char *banner;
    bool sudo;
    /* A template, not rendered yet. */
    const char *check;
};

extern const kiln_options options_table;

/* Where the banner is on the instance. */
const char *banner_path(const struct options *options);

void find_problems(const void *options, kiln_problems *problems);

#endif
