//! `ansible-local` with the real `ansible-playbook` and `ansible-galaxy`, which run on the bed's "instance".
//!
//! Playbooks write into the instance's folder, and the tests read what is there afterwards. Nothing is fetched from a
//! network: what `ansible-galaxy` gets is made by it first and named by path.

mod compared_with_packer;
mod ground;

use std::{fs, path::Path, process::Command, time::Duration};

use kilnbox_tests::{Image, Kilnbox, Running, Tree, needs_root, repository, until};
use nix::sys::signal::Signal;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use ground::{Ground, play};

fn run(program: &str, arguments: &[&str], folder: &Path) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    Running::start(command).finish().succeeded();
}

#[test]
fn a_playbook_with_a_template_a_role_and_variables() {
    let on = Ground::new();
    on.local(
        "site/site.yml",
        "- hosts: web\n  gather_facts: false\n  roles: [greet]\n  tasks:\n    \
         - template: { src: about.j2, dest: @about }\n",
    );
    on.local(
        "site/templates/about.j2",
        "{{ packer_build_name }} {{ packer_builder_type }} {{ color }} {{ size }} {{ word }}\n\
         {{ groups | dict2items | map(attribute='key') | sort | join(' ') }}\n",
    );
    on.local(
        "the roles/greet/tasks/main.yml",
        "- copy: { src: hello, dest: @hello, mode: '0640' }\n",
    );
    on.local("the roles/greet/files/hello", "hello\n");
    on.local("groups/web.yml", "color: green\nsize: small\n");
    on.local("hosts/127.0.0.1.yml", "size: large\n");
    let run = on.build(json!({
        "playbook_dir": "site",
        "playbook_file": "site/site.yml",
        "role_paths": ["the roles/greet/"],
        "group_vars": "groups",
        "host_vars": "hosts",
        "inventory_groups": "web,db",
        "extra_arguments": ["-e", "'word=\"two words\"'"],
    }));
    run.succeeded().says("==> null: Provisioning with Ansible...");
    assert_eq!(
        on.read("about"),
        "null null green large two words\nall db ungrouped web\n"
    );
    assert_eq!(on.read("hello"), "hello\n");
    let staged = on.staged();
    for name in [
        "site.yml",
        "templates/about.j2",
        "roles/greet/files/hello",
        "group_vars/web.yml",
        "host_vars/127.0.0.1.yml",
    ] {
        assert!(staged.iter().any(|file| file == name), "{name} in {staged:#?}");
    }
    on.kilnbox.left_nothing();
}

#[test]
fn several_playbooks_run_in_their_order() {
    let on = Ground::new();
    let note = |name: &str| play(&[&format!("shell: echo {name} >> @log")]);
    on.local("play/first.yml", &note("first"));
    on.local("play/deep/second.yml", &note("second"));
    on.local("other/third.yml", &note("third"));
    on.local(
        "last.yml",
        &("- import_playbook: other/third.yml\n".to_owned() + &note("last")),
    );
    on.build(json!({
        "playbook_dir": "play",
        "playbook_files": ["play/first.yml", "./play/deep/second.yml", "last.yml", "other/third.yml"],
    }))
    .succeeded();
    assert_eq!(on.read("log"), "first\nsecond\nthird\nlast\nthird\n");
    let staged = on.staged();
    assert!(staged.contains(&"first.yml".to_owned()), "{staged:#?}");
    assert!(
        staged.contains(&"playbook_files/other/third.yml".to_owned()),
        "{staged:#?}"
    );
}

#[test]
fn arguments_and_an_inventory_of_ones_own() {
    let on = Ground::new();
    on.local(
        "site.yml",
        &play(&[
            "{ shell: \"echo {{ word }} on {{ inventory_hostname }} >> @log\", tags: [wanted] }",
            "{ shell: echo other >> @log, tags: [other] }",
        ]),
    );
    on.local(
        "hosts.ini",
        "[machines]\nhere ansible_connection=local\nthere ansible_connection=local\n",
    );
    let run = on.build_with(
        &["-var", "token=hunter2-hunter2"],
        json!({
            "playbook_file": "site.yml",
            "inventory_file": "hosts.ini",
            "extra_arguments": ["--tags", "wanted", "--limit", "here", "-e", "word={{user `token`}}"],
        }),
    );
    let run = run.succeeded().says("-e word=<sensitive> -c local");
    assert!(!run.both().contains("hunter2"), "{}", run.both());
    assert_eq!(on.read("log"), "hunter2-hunter2 on here\n");
}

/// Makes the archive of a role that writes its name to `role`, and gives its path.
fn role_archive(on: &Ground) -> String {
    on.local(
        "made/packed/tasks/main.yml",
        "- shell: echo packed role >> @log\n",
    );
    on.local(
        "made/packed/meta/main.yml",
        "galaxy_info: { author: a, description: d, license: MIT, min_ansible_version: '2.1' }\ndependencies: []\n",
    );
    run(
        "tar",
        &["-czf", "packed.tar.gz", "packed"],
        &on.bed.local().join("made"),
    );
    on.bed.local().join("made/packed.tar.gz").display().to_string()
}

/// Writes a collection `acme.NAME` with one role `say`.
fn collection(on: &Ground, folder: &str, name: &str) {
    on.local(
        &format!("{folder}/galaxy.yml"),
        &format!("namespace: acme\nname: {name}\nversion: 1.0.0\nreadme: README.md\nauthors: [a]\n"),
    );
    on.local(&format!("{folder}/README.md"), "A collection.\n");
    on.local(
        &format!("{folder}/roles/say/tasks/main.yml"),
        &format!("- shell: echo {name} collection >> @log\n"),
    );
}

#[test]
fn galaxy_gets_roles_and_collections_from_files() {
    let on = Ground::new();
    let role = role_archive(&on);
    collection(&on, "made/tools", "tools");
    run(
        "ansible-galaxy",
        &["collection", "build"],
        &on.bed.local().join("made/tools"),
    );
    let archive = on.bed.local().join("made/tools/acme-tools-1.0.0.tar.gz");
    collection(&on, "ansible_collections/acme/local", "local");
    on.local(
        "requirements.yml",
        &format!(
            "roles:\n  - src: file://{role}\n    name: packed\ncollections:\n  - name: {}\n    type: file\n",
            archive.display()
        ),
    );
    on.local(
        "site.yml",
        "- hosts: all\n  gather_facts: false\n  roles: [packed, acme.tools.say, acme.local.say]\n",
    );
    let run = on.build(json!({
        "playbook_file": "site.yml",
        "galaxy_file": "requirements.yml",
        "galaxy_force_install": true,
        "collection_paths": ["ansible_collections"],
    }));
    run.succeeded().says("    null: Executing Ansible Galaxy: cd ");
    assert_eq!(
        on.read("log"),
        "packed role\ntools collection\nlocal collection\n"
    );
    let staging = on.at("staging");
    let lines = on.lines();
    let installs: Vec<_> = lines
        .iter()
        .filter(|line| line.contains(" && ansible-galaxy "))
        .collect();
    assert_eq!(
        installs,
        [
            &format!(
                "cd {staging} && ansible-galaxy install -r {staging}/requirements.yml -p {staging}/galaxy_roles -f"
            ),
            &format!(
                "cd {staging} && ansible-galaxy collection install -r {staging}/requirements.yml \
                 -p {staging}/galaxy_collections -f"
            ),
        ]
    );
}

/// Packer 1.16.0 gets such roles and then does not tell Ansible where they are.
#[test]
fn galaxy_files_of_the_older_form() {
    let on = Ground::new();
    let role = role_archive(&on);
    on.local(
        "requirements.yml",
        &format!("- src: file://{role}\n  name: packed\n"),
    );
    on.local(
        "site.yml",
        "- hosts: all\n  gather_facts: false\n  roles: [packed]\n",
    );
    on.build(json!({ "playbook_file": "site.yml", "galaxy_file": "requirements.yml" }))
        .succeeded();
    assert_eq!(on.read("log"), "packed role\n");
}

#[test]
fn a_role_that_galaxy_cannot_get() {
    let on = Ground::new();
    on.local(
        "requirements.yml",
        "- src: file:///no/such/role.tar.gz\n  name: packed\n",
    );
    on.local("site.yml", &play(&["shell: touch @reached"]));
    on.build(json!({ "playbook_file": "site.yml", "galaxy_file": "requirements.yml" }))
        .exited(1)
        .says("Error executing Ansible: Error executing Ansible Galaxy: Non-zero exit status: 1");
    assert!(!on.bed.instance().join("reached").exists());
}

#[test]
fn a_playbook_that_fails() {
    let on = Ground::new();
    let failing = play(&[
        "shell: touch @before",
        "shell: echo the reason >&2; exit 3",
        "shell: touch @after",
    ]);
    on.local("site.yml", &failing);
    on.local("next.yml", &play(&["shell: touch @next"]));
    let step = json!({ "playbook_files": ["site.yml", "next.yml"] });
    on.build(step.clone())
        .exited(1)
        .says("the reason")
        .says("Error executing Ansible: Non-zero exit status: 2");
    assert_eq!(
        Tree::read(&on.bed.instance())
            .names()
            .iter()
            .filter(|name| !name.starts_with("staging"))
            .count(),
        1,
        "only `before`"
    );
    assert!(
        on.staged().contains(&"playbook_files/site.yml".to_owned()),
        "it stays to be looked at"
    );

    let mut step = step;
    step["clean_staging_directory"] = true.into();
    on.build(step).exited(1).says("Non-zero exit status: 2");
    assert!(
        !on.bed.instance().join("staging").exists(),
        "a failure is no reason to leave it"
    );
    on.kilnbox.left_nothing();
}

#[test]
fn a_playbook_that_is_none() {
    let on = Ground::new();
    on.local("site.yml", "- hosts: all\n  tasks:\n    - shell: [\n");
    on.build(json!({ "playbook_file": "site.yml" }))
        .exited(1)
        .says("Syntax Error while loading YAML")
        .says("Error executing Ansible: Non-zero exit status: 4");
}

#[test]
fn ansible_that_is_not_there() {
    let on = Ground::new();
    on.local("site.yml", &play(&[]));
    on.local("requirements.yml", "roles: []\n");
    let step = json!({ "playbook_file": "site.yml", "command": "no-such-ansible" });
    on.build(step)
        .exited(1)
        .says("no-such-ansible could not be found. Verify that it is available on the");
    let step = json!({ "playbook_file": "site.yml", "galaxy_file": "requirements.yml", "galaxy_command": "no-such-galaxy" });
    on.build(step)
        .exited(1)
        .says("no-such-galaxy could not be found. Verify that it is available on the");
}

#[test]
fn the_staging_folder_is_unique_and_removed_where_that_is_asked_for() {
    let on = Ground::new();
    on.local("site.yml", &play(&["shell: pwd >> @folders"]));
    let step =
        json!({ "playbook_file": "site.yml", "staging_directory": "", "clean_staging_directory": true });
    for _ in 0..2 {
        on.build(step.clone())
            .succeeded()
            .says("    null: Removing staging directory...");
    }
    let folders = on.read("folders");
    let folders: Vec<&str> = folders.lines().collect();
    let [one, two] = folders.as_slice() else {
        panic!("{folders:?}")
    };
    assert_ne!(one, two);
    let uuid = regex::Regex::new(
        "^/tmp/packer-provisioner-ansible-local/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    );
    let uuid = uuid.expect("a pattern");
    for folder in [one, two] {
        assert!(uuid.is_match(folder), "{folder}");
        assert!(!Path::new(folder).exists(), "{folder} is removed");
    }
}

#[test]
fn names_with_spaces_and_quotes() {
    let on = Ground::new();
    on.local(
        "my play's/site & one.yml",
        &play(&["copy: { content: \"{{ packer_build_name }}\", dest: @log }"]),
    );
    on.local("my play's/hosts `x`", "127.0.0.1\n");
    on.local("my \"roles\"/a role/tasks/main.yml", "[]\n");
    let staging = on.at("staging's \"folder\"; x");
    let mut builder = on.bed.builder();
    builder["name"] = "the $(touch gone) 'build'".into();
    let folder = on.template(json!({
        "playbook_file": "my play's/site & one.yml",
        "inventory_file": "my play's/hosts `x`",
        "role_paths": ["my \"roles\"/a role"],
        "staging_directory": staging,
    }));
    let text = fs::read_to_string(folder.join("template.json")).expect("it was just written");
    let mut template: Json = serde_json::from_str(&text).expect("it is JSON");
    template["builders"] = json!([builder]);
    on.local("template.json", &template.to_string());
    on.kilnbox.run(&folder, &["build", "template.json"]).succeeded();
    assert_eq!(on.read("log"), "the $(touch gone) 'build'");
    let staged = Tree::read(Path::new(&staging)).files();
    assert_eq!(
        staged,
        ["hosts `x`", "roles/a role/tasks/main.yml", "site & one.yml"]
    );
}

/// The folder itself stays: the contract lets the host own files alone.
#[test]
fn what_a_try_without_an_end_leaves_is_removed_by_the_host() {
    let on = Ground::new();
    on.local("site.yml", &play(&["shell: touch @begun && sleep 600"]));
    let folder = on.template(json!({ "playbook_file": "site.yml", "clean_staging_directory": true }));
    let running = on.kilnbox.start(&folder, &["build", "template.json"]);
    let begun = on.bed.instance().join("begun");
    until("the playbook to begin", Duration::from_secs(120), || {
        begun.exists().then_some(())
    });
    assert_eq!(on.staged().len(), 2, "a playbook and an inventory");
    running.signal(Signal::SIGINT);
    assert!(!running.finish().status.success());
    assert_eq!(on.staged(), Vec::<String>::new());
    on.kilnbox.left_nothing();
}

#[test]
fn the_example() {
    let on = Ground::new();
    let template = repository().join("examples/ansible-local/template.json");
    let port = format!("port={}", on.bed.port());
    let key = format!("key={}", on.bed.key().display());
    let target = format!("target={}", on.at("motd"));
    let user = format!(
        "user={}",
        on.bed.builder()["ssh_username"].as_str().expect("a name")
    );
    let mut arguments = vec!["build", "-color=false"];
    for variable in [
        &port,
        &key,
        &target,
        &user,
        "host=127.0.0.1",
        "greeting=it is set up",
    ] {
        arguments.extend(["-var", variable]);
    }
    arguments.push(template.to_str().expect("a plain path"));
    on.kilnbox.run(on.notes.path(), &arguments).succeeded();
    assert_eq!(on.read("motd"), "it is set up\nBuilt by null.\n");
    on.kilnbox.left_nothing();
}

/// The machine that is built is a view of this one, Ansible included.
#[test]
fn an_image_that_ansible_sets_up() {
    needs_root("an ordinary user's kernel may refuse user namespaces");
    let folder = TempDir::with_prefix("kilnbox-test-image-").expect("a temporary folder can be made");
    let example = repository().join("examples/ansible-local");
    let template = json!({
        "builders": [{ "type": "rootfs", "from": "host", "output": "image.tar" }],
        "provisioners": [{
            "type": "ansible-local",
            "playbook_file": example.join("site.yml"),
            "role_paths": [example.join("roles/greeting")],
            "inventory_groups": ["images"],
            "extra_arguments": ["-e", "greeting_target=/opt/greeting"],
            "clean_staging_directory": true,
        }],
    });
    fs::write(folder.path().join("template.json"), template.to_string()).expect("a file can be written");
    let kilnbox = Kilnbox::new();
    kilnbox
        .run(folder.path(), &["build", "template.json"])
        .succeeded();
    let layer = Image::read(&folder.path().join("image.tar")).newest_layer();
    assert_eq!(layer["opt/greeting"].content, b"hello\nBuilt by rootfs.\n");
    let staged: Vec<_> = layer.keys().filter(|name| name.ends_with("site.yml")).collect();
    assert!(staged.is_empty(), "{staged:?}");
    kilnbox.left_nothing();
}
