/* The text of the file. */
#ifndef SSHD_CONFIG_H
#define SSHD_CONFIG_H

#include "options.h"

/* The lines that are shown when all is done, too. */
kiln_strings sshd_settings(const struct options *options);

/* The whole file. */
const char *sshd_config(const struct options *options);

#endif
