// Writes a list of the artifact's files with their SHA-256, as `sha256sum` does.

import { diagnostic, doing, option, outputs, postProcessor, ui } from "kilnbox-step";

/** @typedef {import("kilnbox-step").Values<typeof options>} Options */

const options = {
  output: option.outputPath("The file to write."),
  prefix: option.string("Text before the name of each file.", { default: "" }),
};

export default postProcessor({
  name: "{{ name }}",
  description: "Writes a list of the artifact's files with their SHA-256.",
  examples: [{ type: "{{ name }}", output: "SHA256SUMS" }],
  options,
  validate,

  run(options, artifact) {
    ui.say(`Writing ${options.output}`);
    const lines = artifact.files.map((file) =>
      doing(`reading ${file}`, () => line(options, outputs.open(file).digest(["sha256"]).sha256, file)),
    );
    outputs.open(options.output).replace(lines.join(""), 0o644);
    return "unchanged";
  },
});

/** @param {Pick<Options, "prefix">} options */
export function validate({ prefix }) {
  return prefix.includes("\n") ? [diagnostic.error("/prefix", "has a line break in it")] : [];
}

/**
 * As `sha256sum` writes it.
 *
 * @param {Pick<Options, "prefix">} options
 * @param {string} digest
 * @param {string} file
 */
export function line({ prefix }, digest, file) {
  return `${digest}  ${prefix}${file}\n`;
}
