//! A delay between a tool and the hosts, for kernels without `netem` too: a network namespace that reaches the hosts' bridge
//! through two TAP devices, between which frames are carried over after a while.

use std::error::Error;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tun_rs::{DeviceBuilder, Layer, SyncDevice};

use crate::common::lab::network;
use crate::lab::bridge;

/// The namespace of tools that are to be far away.
pub(crate) const NAMESPACE: &str = "provision-bench";

/// The device in it, and the one on this machine that all goes through.
const NEAR: &str = "benchnear";
pub(crate) const FAR: &str = "benchfar";

/// The longest frame that a link of 1,500 bytes carries, with its header and a tag.
const FRAME: usize = 1518;

/// Takes part in the hosts' network; below the address of the first host.
const ADDRESS: u8 = 9;

/// It goes away with the program, whose descriptors hold the devices.
pub(crate) struct Delay;

impl Delay {
    /// A round trip that takes so many milliseconds longer.
    pub(crate) fn new(round_trip: u64) -> Result<Self, Box<dyn Error>> {
        let one_way = Duration::from_millis(round_trip) / 2;
        let _ = Command::new("ip")
            .args(["netns", "delete", NAMESPACE])
            .output();
        ip(&["netns", "add", NAMESPACE])?;
        let delay = Self;
        let near = device(NEAR)?;
        let far = device(FAR)?;
        let address = format!("{}.{ADDRESS}/24", network());
        ip(&["link", "set", FAR, "master", &bridge(), "up"])?;
        ip(&["link", "set", NEAR, "netns", NAMESPACE])?;
        ip(&["-n", NAMESPACE, "address", "add", &address, "dev", NEAR])?;
        ip(&["-n", NAMESPACE, "link", "set", NEAR, "up"])?;
        ip(&["-n", NAMESPACE, "link", "set", "lo", "up"])?;
        carry(&near, &far, one_way);
        carry(&far, &near, one_way);
        Ok(delay)
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        // The device on the bridge goes with the program.
        let _ = ip(&["netns", "delete", NAMESPACE]);
    }
}

fn device(name: &str) -> Result<Arc<SyncDevice>, Box<dyn Error>> {
    let device = DeviceBuilder::new()
        .name(name)
        .layer(Layer::L2)
        .enable(false)
        .build_sync()?;
    Ok(Arc::new(device))
}

/// Carries frames from one device to the other, each when its time has come. Both threads end with the program.
fn carry(from: &Arc<SyncDevice>, to: &Arc<SyncDevice>, one_way: Duration) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    let from = Arc::clone(from);
    thread::spawn(move || {
        let mut frame = [0; FRAME];
        while let Ok(length) = from.recv(&mut frame) {
            if sender
                .send((Instant::now() + one_way, frame[..length].to_vec()))
                .is_err()
            {
                return;
            }
        }
    });
    let to = Arc::clone(to);
    thread::spawn(move || {
        for (due, frame) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            // A link that is down loses frames, as any does.
            let _ = to.send(&frame);
        }
    });
}

fn ip(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let output = Command::new("ip").args(arguments).output()?;
    if output.status.success() {
        return Ok(());
    }
    let error = String::from_utf8_lossy(&output.stderr);
    Err(format!("ip {}: {error}", arguments.join(" ")).into())
}
