// Writes the message that people see when they log in.

import { diagnostic, option, provisioner, ui } from "kilnbox-step";

/** @typedef {import("kilnbox-step").Values<typeof options>} Options */

const options = {
  text: option.string("What the message says."),
  path: option.string("The file on the instance.", { default: "/etc/motd" }),
  sudo: option.boolean("Whether to put the file in place with `sudo`.", { default: false }),
};

export default provisioner({
  name: "{{ name }}",
  description: "Writes the message that people see when they log in.",
  examples: [{ type: "{{ name }}", text: "Welcome." }],
  options,
  validate,

  run(options, instance, job) {
    ui.say(`Writing ${options.path}`);
    const staged = instance.stage(content(options), job.temporaryPath("{{ name }}"));
    staged.install(options.path, { sudo: options.sudo });
  },
});

/** @param {Pick<Options, "text">} options */
export function validate({ text }) {
  return text.trim() ? [] : [diagnostic.error("/text", "says nothing")];
}

/**
 * The file, which ends with a line break.
 *
 * @param {Pick<Options, "text">} options
 */
export function content({ text }) {
  return `${text.trimEnd()}\n`;
}
