//! The baseline: an HTTP server that only appends every body to a file and syncs before it
//! answers, one sync for all that are waiting. What a store could reach if it cost nothing.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::mpsc;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

type Append = (Vec<u8>, oneshot::Sender<()>);

/// Serves until killed.
pub(crate) fn serve(listen: &str, file: &Path) -> Result<()> {
    let file = OpenOptions::new().create(true).append(true).open(file)?;
    let (sender, receiver) = mpsc::channel::<Append>();
    std::thread::spawn(move || write_groups(file, &receiver));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(accept(listen, sender))
}

fn write_groups(mut file: File, receiver: &mpsc::Receiver<Append>) {
    while let Ok(first) = receiver.recv() {
        let mut group = vec![first];
        group.extend(receiver.try_iter());
        let is_written = group.iter().all(|(body, _)| file.write_all(body).is_ok());
        if !is_written || file.sync_data().is_err() {
            // Waiting requests see their channel closed.
            return;
        }
        for (_, answer) in group {
            // The client may have gone; its bytes are written all the same.
            let _ = answer.send(());
        }
    }
}

async fn accept(listen: &str, sender: mpsc::Sender<Append>) -> Result<()> {
    let listener = TcpListener::bind(listen).await?;
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let sender = sender.clone();
        tasks.spawn(async move { connection(stream, sender).await.is_ok() });
    }
}

async fn connection(mut stream: TcpStream, sender: mpsc::Sender<Append>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut received = Vec::with_capacity(1 << 16);
    loop {
        let head_end = loop {
            if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
        };
        let head = std::str::from_utf8(&received[..head_end])?.to_ascii_lowercase();
        let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.map_or(Ok(0), |length| length.trim().parse())?;
        while received.len() < head_end + length {
            if stream.read_buf(&mut received).await? == 0 {
                bail!("the client left in the middle of a body");
            }
        }
        let rest = received.split_off(head_end + length);
        let body = received.split_off(head_end);
        received = rest;
        if !body.is_empty() {
            let (answer, done) = oneshot::channel();
            sender.send((body, answer)).ok().context("the writer has stopped")?;
            done.await?;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]").await?;
    }
}
