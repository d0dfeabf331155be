//! A full disk, readers that go away, streams that are closed: nothing of it
//! changes a decision.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::runs::Trouble;
use crate::runs::client::{Client, Keeps};
use crate::runs::world::World;

pub fn is_broken(world: &mut World, variant: u64) -> Result<(), Trouble> {
    let arguments: &[&str] = if world.random.permille(500) { &["--format", "jsonl"] } else { &[] };
    let before = world.emulator.log()?.len();
    let mut command = world.command(arguments);
    let full = || File::options().write(true).open("/dev/full");
    let (mut client, codes) = match variant % 7 {
        0 => {
            command.stdout(full()?);
            (world.start(command, Keeps::Stdout)?, [1])
        }
        1 => {
            command.stderr(full()?);
            (world.start(command, Keeps::Stderr)?, [0])
        }
        2 => {
            command.stdout(full()?).stderr(full()?);
            (world.start(command, Keeps::Both)?, [1])
        }
        3 => {
            command.stdout(Stdio::piped());
            let mut client = world.start(command, Keeps::Stdout)?;
            drop(client.pipe());
            (client, [0])
        }
        4 => {
            command.stdout(Stdio::piped());
            let mut client = world.start(command, Keeps::Stdout)?;
            head(&mut client)?;
            (client, [0])
        }
        closed => {
            let streams = if closed == 5 { ">&-" } else { ">&- 2>&-" };
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("exec \"$@\" {streams}"), "sh"]);
            shell.arg(command.get_program()).args(command.get_args());
            world.surround(&mut shell);
            (world.start(shell, Keeps::None)?, [0])
        }
    };
    client.ends(&codes)?;
    let pass = world.looked_at(before)??;
    if pass.creates == world.models.len() {
        Ok(())
    } else {
        Err(format!("{} creates{}", pass.creates, client.said()?).into())
    }
}

/// As `| head -1`.
fn head(client: &mut Client) -> Result<(), Trouble> {
    let pipe = client.pipe().ok_or("no pipe")?;
    BufReader::new(pipe).read_line(&mut String::new())?;
    Ok(())
}
