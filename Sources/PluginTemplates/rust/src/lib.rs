//! nameless: greets somebody. Put what your jobs do into `greet`.

mod json;
mod millrace;

use json::Value;
use millrace::{Failure, Job};

/// What the runner checks the parameters against, and fills in, before it accepts a job.
const SCHEMA: &str = concat!(
    r#"{"type":"object","additionalProperties":false,"properties":{"#,
    r#""who":{"type":"string","minLength":1,"maxLength":200,"default":"world","#,
    r#""description":"whom to greet"},"#,
    r#""times":{"type":"integer","minimum":1,"maximum":100,"default":1,"description":"how often"}}}"#,
    "\0"
);

fn greet(job: &Job) -> Result<(), Failure> {
    let given = json::parse(job.parameters()).map_err(Failure::invalid)?;
    let who = given.get("who").and_then(Value::text).unwrap_or("world");
    let times = given.get("times").and_then(Value::number).unwrap_or(1.0) as u32;
    let mut text = String::new();
    for index in 0..times {
        if job.is_cancelled() {
            return Err(Failure::cancelled());
        }
        text += &format!("Hello, {who}!\n");
        job.progress(f64::from(index + 1) / f64::from(times), "greeting");
    }
    job.log(&format!("greeted {who}"));
    job.finish(text.as_bytes(), "text/plain; charset=utf-8")
}

millrace::plugin! {
    name: "nameless",
    version: "0.1.0",
    summary: "Greets somebody",
    schema: SCHEMA,
    run: greet,
}
