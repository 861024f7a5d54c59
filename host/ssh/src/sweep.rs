//! Ends what was given up on the instance.
//!
//! Closing a channel does not end a command that neither reads nor writes, and OpenSSH passes no signals on to a
//! command of root. But every command of a connection is a child of the one server process that serves it, so one more
//! command on the same connection finds the others as its siblings, and ends them with all they started.

use kilnbox_engine::CommunicatorError;
use russh::{ChannelMsg, client::Handle};
use tokio::time::timeout;

use crate::{handler::Guard, limits::SWEEP, link::lost};

/// Read by a shell of its own, so that the account's login shell may be any. Needs `/proc` or a POSIX `ps`.
///
/// What belongs to a command is what descends from it or is in its session, looked up anew each time, so that a child
/// whose parent ended first is not missed.
///
/// The parent must be a server process: a shell whose server died before it started is a child of process 1, and
/// everything on the machine would be its sibling. Process 1 serves no connection even where it is the server.
const SCRIPT: &str = r#"
[ "$PPID" -gt 1 ] || exit 1
case $(cat "/proc/$PPID/comm" 2>/dev/null || ps -o comm= -p "$PPID") in
    *sshd* | *dropbear*) ;;
    *) exit 1 ;;
esac
processes() {
    if [ -r /proc/self/stat ]; then
        for stat in /proc/[0-9]*/stat; do
            read -r line <"$stat" || continue
            id=${line%% *}
            set -- ${line##*) }
            [ "$1" = Z ] || echo "$id $2 $4"
        done
    else
        ps -A -o pid= -o ppid= -o pgid=
    fi 2>/dev/null
}
seen=" "
look() {
    table=$(processes)
    left=
    grown=1
    while [ -n "$grown" ]; do
        grown=
        while read -r id above session; do
            [ "$id" = "$$" ] && continue
            case $seen in *" $id "*) continue ;; esac
            case " $PPID$seen" in
                *" $above "*) ;;
                *) case $seen in *" $session "*) ;; *) continue ;; esac ;;
            esac
            seen="$seen$id "
            grown=1
        done <<END
$table
END
    done
    while read -r id rest; do
        case $seen in *" $id "*) left="$left $id" ;; esac
    done <<END
$table
END
}
look
[ -z "$left" ] && exit
kill -TERM $left 2>/dev/null
for try in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.1 2>/dev/null || sleep 1
    look
    [ -z "$left" ] && exit
done
kill -KILL $left 2>/dev/null || sudo -n kill -KILL $left 2>/dev/null </dev/null
for try in 1 2 3 4 5; do
    look
    [ -z "$left" ] && exit
    sleep 0.1 2>/dev/null || sleep 1
done
exit 1
"#;

/// Ends every other command of this connection, and says whether all are gone.
pub(crate) async fn sweep(session: &Handle<Guard>) -> bool {
    if session.is_closed() {
        return false;
    }
    match timeout(SWEEP, run(session)).await {
        Ok(Ok(0)) => return true,
        Ok(Ok(code)) => tracing::debug!(code, "commands may be left on the instance"),
        Ok(Err(error)) => tracing::debug!(%error, "commands may be left on the instance"),
        Err(_) => tracing::debug!("commands may be left on the instance: no answer"),
    }
    false
}

async fn run(session: &Handle<Guard>) -> Result<u32, CommunicatorError> {
    let mut channel = session.channel_open_session().await.map_err(lost)?;
    channel.exec(true, "exec sh -s").await.map_err(lost)?;
    channel.data_bytes(SCRIPT).await.map_err(lost)?;
    channel.eof().await.map_err(lost)?;
    let mut code = None;
    loop {
        match channel.wait().await {
            Some(ChannelMsg::ExitStatus { exit_status }) => code = Some(exit_status),
            Some(ChannelMsg::Failure) => {
                return Err(CommunicatorError::Connection(
                    "the instance refused to run a command".to_owned(),
                ));
            }
            None | Some(ChannelMsg::Close) => {
                return code.ok_or_else(|| CommunicatorError::Connection("it ended".to_owned()));
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };

    use super::SCRIPT;

    #[test]
    fn without_a_server_as_its_parent_nothing_is_ended() {
        let mut bystander = Command::new("sleep").arg("60").spawn().unwrap();
        let mut shell = Command::new("sh")
            .arg("-s")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        shell.stdin.take().unwrap().write_all(SCRIPT.as_bytes()).unwrap();
        assert_eq!(shell.wait().unwrap().code(), Some(1));
        assert!(
            bystander.try_wait().unwrap().is_none(),
            "a process of somebody else was ended"
        );
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    }
}
