//! scratch
use sclone::{cancel::Cancel, fs::*, sftp::*, ssh::*, transfer::*};
use std::sync::Arc;
use std::time::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n: usize = a[4].parse().unwrap();
    let mk = |p: &str| -> Arc<dyn Fs> {
        if let Some(r) = p.strip_prefix("r:") {
            let cmd: Vec<String> = std::env::var("SRV")
                .unwrap_or("/usr/lib/openssh/sftp-server".into())
                .split(' ')
                .map(String::from)
                .collect();
            let c: Connect = Arc::new(move || Ok(Box::new(External::spawn(&cmd)?) as Box<dyn Streams>));
            Arc::new(Sftp::new(
                Arc::new(Pool::new(c, Duration::from_secs(30))),
                r.as_bytes(),
                "sftp://x".into(),
            ))
        } else {
            Arc::new(Local::new(p))
        }
    };
    let stats = Stats::new();
    let t = Instant::now();
    if a[1] == "ls" {
        let mut m = March::over(
            mk(&a[2]),
            march::Limits { concurrency: 8, max_depth: None, enter_destination_only: false },
        );
        let mut k = 0;
        futures_executor::block_on(async {
            while let Some(s) = m.next().await {
                k += 1;
                if n == 1 {
                    println!("{s:?}")
                }
            }
        });
        println!("{k} {:?}", t.elapsed());
        return;
    }
    let c = Copy {
        source: mk(&a[2]),
        only: None,
        destination: mk(&a[3]),
        in_flight: n,
        transfers: 4,
        checkers: 8,
        dry_run: false,
        umask: 0o22,
        stats: stats.clone(),
        cancel: Cancel::new(),
    };
    println!("{:?}", futures_executor::block_on(c.run()));
    let s = stats.snapshot();
    println!("{:?} {:?} {:?} {:?}", t.elapsed(), s.transfers, s.bytes, s.errors);
}
