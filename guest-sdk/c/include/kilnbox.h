/* What an author of a Kilnbox step in C includes.
 *
 * A step is a table of its options and a few functions; kilnbox/step.h has the whole picture. As in SDL, a function
 * that can fail returns false (or NULL), and the error is kept for the host, which is told when `run` returns false.
 *
 * Nothing that these functions return needs to be freed: a step runs in a component of its own, whose memory is gone
 * when the run ends. For the same reason none of it may be kept for a later run.
 *
 * contract.h is the whole contract as wit-bindgen writes it, for what has no comfort here. */
#ifndef KILNBOX_H
#define KILNBOX_H

#include "kilnbox/duration.h"
#include "kilnbox/error.h"
#include "kilnbox/exec.h"
#include "kilnbox/files.h"
#include "kilnbox/host.h"
#include "kilnbox/options.h"
#include "kilnbox/step.h"
#include "kilnbox/text.h"
#include "kilnbox/ui.h"
#include "kilnbox/upload.h"

#endif
