// The `harden-sshd` provisioner: puts a drop-in for sshd in place, has it checked, and says what it set.

import { assets, diagnostic, doing, option, provisioner, quote, template, ui } from "kilnbox-step";

/** @typedef {import("kilnbox-step").Values<typeof options>} Options */

export const options = {
  permit_root_login: option.oneOf(["no", "prohibit-password", "yes"], "Who may log in as root.", { default: "no" }),
  password_authentication: option.boolean("Whether passwords are accepted.", { default: false }),
  allow_users: option.list(option.string(), "Only these accounts may log in; all may where it is empty.", { default: [] }),
  path: option.string("The file on the instance.", { default: "/etc/ssh/sshd_config.d/50-hardening.conf" }),
  banner: option.assetFile("A local file that is shown before login.", { optional: true }),
  sudo: option.boolean("Whether to put the file in place with `sudo`.", { default: false }),
  check: option.runtimeTemplate("A command that must succeed once the file is there; `{{.Path}}` is the file.", {
    default: "/usr/sbin/sshd -t -f {{.Path}}",
  }),
};

export default provisioner({
  name: "harden-sshd",
  description: "Hardens the SSH server of the instance.",
  examples: [{ type: "harden-sshd", allow_users: ["admin"], sudo: true }],
  options,
  validate,

  run(options, instance, job) {
    ui.say("Hardening sshd");
    const total = options.banner === null ? 1 : 2;
    const temporary = job.temporaryPath("harden-sshd");

    const dropIn = instance.stage(content(options), temporary);
    ui.progress("files", 1, total);
    dropIn.install(options.path, options);

    if (options.banner !== null) {
      const banner = instance.stage(assets.open(options.banner), `${temporary}.banner`);
      ui.progress("files", 2, total);
      banner.install(bannerPath(options), options);
    }

    check(options, instance);

    for (const line of settings(options)) ui.message(line);
    ui.log("info", "hardened", { path: options.path });
  },
});

/** @param {Options} options */
export function validate(options) {
  const found = options.allow_users.flatMap((user, place) =>
    /^\S+$/.test(user)
      ? []
      : [diagnostic.error(`/allow_users/${place}`, `\`${user}\` is no account name`, "one account per entry")],
  );
  if (!options.path.startsWith("/")) found.push(diagnostic.error("/path", "must be absolute"));
  if (options.permit_root_login === "yes" && options.password_authentication) {
    found.push(diagnostic.warning("/permit_root_login", "root may log in with a password"));
  }
  return found;
}

/**
 * The lines that say who may log in.
 *
 * @param {Options} options
 */
export function settings(options) {
  const lines = [
    `PermitRootLogin ${options.permit_root_login}`,
    `PasswordAuthentication ${options.password_authentication ? "yes" : "no"}`,
  ];
  if (options.allow_users.length > 0) lines.push(`AllowUsers ${options.allow_users.join(" ")}`);
  return lines;
}

/**
 * The drop-in.
 *
 * @param {Options} options
 */
export function content(options) {
  const lines = ["# Written by harden-sshd.", ...settings(options)];
  if (options.banner !== null) lines.push(`Banner ${bannerPath(options)}`);
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * Where the banner is on the instance.
 *
 * @param {Options} options
 */
export const bannerPath = (options) => `${options.path}.banner`;

/**
 * Has the instance's own sshd read the file; what it does not take is removed again.
 *
 * @param {Options} options
 * @param {import("kilnbox-step").Instance} instance
 */
function check(options, instance) {
  const command = template.render("/check", { Path: options.path });
  const outcome = instance.run(command, { capture: 4096 });
  if (outcome.ok) return;
  const files = options.banner === null ? [options.path] : [options.path, bannerPath(options)];
  const remove = `${options.sudo ? "sudo -n " : ""}rm -f ${files.map(quote).join(" ")}`;
  doing(`removing ${options.path}`, () => instance.run(remove, { discard: true }));
  outcome.check("the check did not pass");
}
