/* Local files that the user named in the options, and templates among the options. */
#ifndef KILNBOX_FILES_H
#define KILNBOX_FILES_H

#include "error.h"
#include "host.h"
#include "ui.h"

/* Renders the option at a JSON pointer, of format KILN_RUNTIME_TEMPLATE, with data of the step: KILN_PAIRS("Path",
 * path). NULL where it cannot be. */
const char *kiln_render(const char *at, const char *const *data);

/* All of a local file, a path of the options; more than `limit` bytes are an error. */
bool kiln_read_asset(const char *path, size_t limit, kiln_bytes *content);

/* The same for an output; nothing where there is no file yet. */
bool kiln_read_output(const char *path, size_t limit, kiln_bytes *content);

/* Replaces an output at once, or leaves the old one whole. */
bool kiln_write_output(const char *path, kiln_bytes content, uint32_t mode);

/* Digests of an output or of a file of the artifact, in the order of the algorithms: md5, sha1, sha224, sha256,
 * sha384, sha512. */
bool kiln_digest(const char *path, kiln_strings algorithms, kiln_strings *digests);

/* Local files that a pattern of the options matches, of format KILN_FILE_PATTERN. */
bool kiln_matching(const char *pattern, kiln_strings *paths);

/* A file of the instance to an output. */
bool kiln_download_file(kiln_instance on, const char *path, const char *output);

#endif
