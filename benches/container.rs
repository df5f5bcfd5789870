//! `true` in a container, against the engine's own create, start, wait and remove. Needs a Docker engine
//! and the image that the tests make (`scripts/test --test docker`).
//!
//! `cargo bench --bench container`
#![allow(missing_docs, clippy::unwrap_used)]

use bollard::{
    API_DEFAULT_VERSION, Docker as Client,
    models::{ContainerCreateBody, HostConfig},
    query_parameters::{
        CreateContainerOptions, RemoveContainerOptionsBuilder, StartContainerOptions,
        WaitContainerOptionsBuilder,
    },
};
use futures_util::StreamExt;
use openpista::sandbox::{
    Exit, Keep, Limits,
    docker::{Container, Docker},
};
use std::time::{Duration, Instant};

const IMAGE: &str = "openpista-test:busybox";
const RUNS: usize = 15;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

async fn bare(client: &Client) -> Duration {
    let began = Instant::now();
    let body = ContainerCreateBody {
        image: Some(IMAGE.into()),
        cmd: Some(vec!["true".into()]),
        host_config: Some(HostConfig { network_mode: Some("none".into()), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    let made = client.create_container(None::<CreateContainerOptions>, body).await.unwrap();
    client.start_container(&made.id, None::<StartContainerOptions>).await.unwrap();
    let wait = WaitContainerOptionsBuilder::new().condition("not-running").build();
    client.wait_container(&made.id, Some(wait)).next().await.unwrap().unwrap();
    let remove = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    client.remove_container(&made.id, Some(remove)).await.unwrap();
    began.elapsed()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let place = "unix:///var/run/docker.sock";
        let client = Client::connect_with_unix(place, 60, API_DEFAULT_VERSION).unwrap();
        let Ok(client) = client.negotiate_version().await else {
            println!("no Docker engine answers: nothing is measured");
            return;
        };
        let dir = tempfile::tempdir().unwrap();
        let keep = Keep { dir: dir.path().into(), filter: None };
        let docker = Docker::new(None, "bench");
        let (mut floor, mut ours) = (vec![], vec![]);
        for _ in 0..RUNS {
            floor.push(bare(&client).await);
            let began = Instant::now();
            let container = Container::new(IMAGE, vec!["true".into()]);
            let outcome = docker.run(&container, &Limits::default(), &keep, &|_| ()).await.unwrap();
            assert_eq!(outcome.exit, Exit::Done);
            ours.push(began.elapsed());
        }
        let (floor, ours) = (median(floor), median(ours));
        let ratio = ours.as_secs_f64() / floor.as_secs_f64();
        println!(
            "container.run true {ours:.1?}  bare engine calls {floor:.1?}: {ratio:.2} x (wanted: 1.1 x)"
        );
    });
}
