/* What both kinds of steps export in the same way. */
#ifndef KILNBOX_EXPORTS_H
#define KILNBOX_EXPORTS_H

#include "border.h"
#include "kilnbox/host.h"
#include "kilnbox/options.h"

typedef void kiln_validate(const void *options, kiln_problems *problems);

/* Options against the schema and against `validate`, which may be NULL. */
exports_kilnbox_plugin_validator_list_diagnostic_t kiln_diagnostics(const kiln_options *options,
                                                                    kiln_validate *validate, contract_string_t *json);

/* The options of a job; NULL and an error if they do not fit. */
const void *kiln_options_of(kiln_job job, const kiln_options *options);

/* The step's error, for the host to free. */
kilnbox_plugin_types_error_t kiln_given_error(void);

#endif
