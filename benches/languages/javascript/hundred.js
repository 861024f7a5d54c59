// Runs commands that do nothing, one after the other: what a step costs beside its work.

import { option, provisioner } from "kilnbox-step";

export default provisioner({
  name: "hundred",
  description: "Runs commands that do nothing.",
  options: { commands: option.integer("How many.", { default: 100 }) },
  run({ commands }, instance) {
    for (let left = commands; left > 0; left--) instance.run("true", { discard: true }).check();
  },
});
