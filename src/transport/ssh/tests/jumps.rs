//! Hosts behind jump hosts: the same servers, one reached through another.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;

use super::{HANG_UP, HOST_KEY, LOGIN_KEY, Manner, OTHER_HOST_KEY, Site, key, run};
use crate::transport::settings::{ConnectionSettings, JumpHost};
use crate::transport::ssh::Client;
use crate::transport::{Exit, NoPrompt};

/// Settings that lead to a site through another.
fn behind(site: &Site, name: &str, jump: ConnectionSettings) -> ConnectionSettings {
    let (name, settings) = (name.into(), jump);
    ConnectionSettings {
        through: Some(Arc::new(JumpHost { name, settings })),
        ..site.settings(&key(LOGIN_KEY))
    }
}

#[tokio::test]
async fn hosts_behind_a_jump_host_share_one_login_to_it() {
    let (jump, first, second) = (
        Site::new(&[Manner::Serve]).await,
        Site::new(&[Manner::Serve]).await,
        Site::new(&[Manner::Serve]).await,
    );
    let client = Client::new(Arc::new(NoPrompt));
    let through = jump.settings(&key(LOGIN_KEY));
    let [a, b] = [&first, &second].map(|site| behind(site, "jump", through.clone()));
    let hosts = ["a", "b"].map(Arc::from);
    let (a, b) = tokio::join!(client.connect(&hosts[0], &a), client.connect(&hosts[1], &b));
    for connection in [a.unwrap(), b.unwrap()] {
        let (stdout, _) = run(&connection, "greet").await.unwrap();
        assert_eq!(stdout, b"hello");
        connection.close().await;
    }
    let counts = [&jump, &first, &second].map(|site| site.connections.load(Ordering::SeqCst));
    assert_eq!(counts, [1, 1, 1]);
}

#[tokio::test]
async fn a_jump_host_may_be_behind_another() {
    let (outer, inner, site) = (
        Site::new(&[Manner::Serve]).await,
        Site::new(&[Manner::Serve]).await,
        Site::new(&[Manner::Serve]).await,
    );
    let chain = behind(&inner, "outer", outer.settings(&key(LOGIN_KEY)));
    let settings = behind(&site, "inner", chain);
    let connection = site.connect(&settings).await.unwrap();
    let (stdout, _) = run(&connection, "greet").await.unwrap();
    assert_eq!(stdout, b"hello");
    assert_eq!(outer.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn more_hosts_wait_for_a_jump_host_than_may_log_in_at_once() {
    let jump = Site::new(&[Manner::Serve]).await;
    let site = Site::new(&[Manner::Serve]).await;
    let client = Arc::new(Client::new(Arc::new(NoPrompt)));
    let settings = behind(&site, "jump", jump.settings(&key(LOGIN_KEY)));
    let logins: Vec<_> = (0..210)
        .map(|_| {
            let (client, settings) = (Arc::clone(&client), settings.clone());
            tokio::spawn(async move { client.connect(&"h".into(), &settings).await.map(drop) })
        })
        .collect();
    for login in logins {
        login.await.unwrap().unwrap();
    }
    // Places come back when hosts are done, so it may be that the second login was not needed.
    assert!(jump.connections.load(Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn a_jump_host_that_is_not_reached_is_named_and_not_tried_for_each_host() {
    let jump = Site::new(&[Manner::Drop]).await;
    let site = Site::new(&[Manner::Serve]).await;
    let client = Client::new(Arc::new(NoPrompt));
    let settings = behind(&site, "jump", jump.settings(&key(LOGIN_KEY)));
    for host in ["a", "b"] {
        let Err(error) = client.connect(&host.into(), &settings).await else {
            panic!("nobody gets through");
        };
        let start = "the jump host `jump` was not reached: ";
        assert!(error.to_string().starts_with(start), "{error}");
    }
    assert_eq!(jump.connections.load(Ordering::SeqCst), 3);
    assert_eq!(site.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_keys_of_the_jump_host_and_of_the_host_behind_it_are_checked() {
    let jump = Site::new(&[Manner::Serve]).await;
    let site = Site::new(&[Manner::Serve]).await;
    jump.knows(OTHER_HOST_KEY);
    let settings = behind(&site, "jump", jump.settings(&key(LOGIN_KEY)));
    let error = site.connect_error(&settings).await.to_string();
    let name = format!("[127.0.0.1]:{}", jump.address.port);
    let expected =
        format!("the jump host `jump` was not reached: the host key of `{name}` has changed");
    assert!(error.starts_with(&expected), "{error}");
    jump.knows(HOST_KEY);
    site.knows(OTHER_HOST_KEY);
    let error = site.connect_error(&settings).await.to_string();
    let name = format!("[127.0.0.1]:{}", site.address.port);
    let expected = format!("the host key of `{name}` has changed");
    assert!(error.starts_with(&expected), "{error}");
}

#[tokio::test]
async fn what_a_jump_host_cannot_reach_is_said() {
    let jump = Site::new(&[Manner::Serve]).await;
    let site = Site::new(&[Manner::Serve]).await;
    let mut settings = behind(&site, "jump", jump.settings(&key(LOGIN_KEY)));
    let unused = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    settings.address.port = unused.local_addr().unwrap().port();
    drop(unused);
    let error = site.connect_error(&settings).await.to_string();
    let expected = format!(
        "the jump host `jump` gives no connection to {}: it could not connect there",
        settings.address
    );
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_host_that_is_silent_behind_a_jump_host_is_named_with_it() {
    let jump = Site::new(&[Manner::Serve]).await;
    let site = Site::new(&[Manner::Silent]).await;
    let mut settings = behind(&site, "jump", jump.settings(&key(LOGIN_KEY)));
    settings.connect_timeout = Duration::from_millis(50);
    let error = site.connect_error(&settings).await.to_string();
    assert!(
        error.ends_with("the SSH key exchange was not finished (through the jump host `jump`)"),
        "{error}"
    );
}

#[tokio::test]
async fn a_connection_that_is_lost_behind_a_jump_host_names_it() {
    let jump = Site::new(&[Manner::Serve]).await;
    let site = Site::new(&[Manner::Serve]).await;
    let settings = behind(&site, "jump", jump.settings(&key(LOGIN_KEY)));
    let connection = site.connect(&settings).await.unwrap();
    let (_, output) = run(&connection, "hang up").await.unwrap();
    let Some(Exit::Lost(reason)) = output.exit() else {
        panic!("it is lost");
    };
    let end = "(through the jump host `jump`)";
    assert!(reason.ends_with(end), "{reason}");
}

#[tokio::test]
async fn a_jump_host_that_hung_up_is_logged_in_to_again() {
    let jump = Site::new(&[Manner::Serve]).await;
    let site = Site::new(&[Manner::Serve]).await;
    let client = Client::new(Arc::new(NoPrompt));
    let good = behind(&site, "jump", jump.settings(&key(LOGIN_KEY)));
    let mut bad = good.clone();
    bad.address.port = HANG_UP;
    client.connect(&"a".into(), &good).await.unwrap();
    let Err(error) = client.connect(&"b".into(), &bad).await else {
        panic!("nobody gets there");
    };
    let start = "the jump host `jump` was not reached: the connection to it was lost: ";
    assert!(error.to_string().starts_with(start), "{error}");
    client.connect(&"c".into(), &good).await.unwrap();
    assert_eq!(jump.connections.load(Ordering::SeqCst), 2);
}
