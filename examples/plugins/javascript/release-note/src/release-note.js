// The `release-note` post-processor: Markdown with the size and the digests of every file of the artifact.

import { diagnostic, option, outputs, postProcessor, ui } from "kilnbox-step";

const algorithm = option.oneOf(["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]);

export const options = {
  output: option.outputPath("The file to write."),
  title: option.string("The headline.", { default: "Release" }),
  algorithms: option.list(algorithm, "Digests to list.", { default: ["sha256"] }),
};

export default postProcessor({
  name: "release-note",
  description: "Writes a release note with the digests of the artifact's files.",
  examples: [{ type: "release-note", output: "RELEASE.md", algorithms: ["sha256", "sha512"] }],
  options,
  validate,

  run({ output, title, algorithms }, artifact) {
    ui.say(`Writing the release note ${output}`);
    const files = artifact.files.map((file) =>
      section(file, artifact.fileSize(file), outputs.open(file).digest(algorithms)),
    );
    const note = [heading(title, artifact.builderId, artifact.id), ...files].join("\n");
    outputs.open(output).replace(note, 0o644);
    return {
      builderId: "kilnbox.release-note",
      id: output,
      description: `Release note: ${output}`,
      files: [output],
      keepInput: true,
    };
  },
});

/** @param {import("kilnbox-step").Values<typeof options>} options */
export function validate({ algorithms }) {
  return algorithms.length > 0 ? [] : [diagnostic.error("/algorithms", "at least one is needed")];
}

/**
 * What stands above the files.
 *
 * @param {string} title
 * @param {string} builderId
 * @param {string} id
 */
export function heading(title, builderId, id) {
  return `# ${title}\n\nMade by ${builderId}${id ? `: ${id}` : ""}\n`;
}

/**
 * What stands there of one file.
 *
 * @param {string} file
 * @param {number} size
 * @param {Record<string, string>} digests
 */
export function section(file, size, digests) {
  const name = file.slice(file.lastIndexOf("/") + 1);
  const lines = Object.entries(digests).map(([algorithm, digest]) => `- ${algorithm}: ${digest}\n`);
  return `## ${name}\n\n- size: ${size} bytes\n${lines.join("")}`;
}
