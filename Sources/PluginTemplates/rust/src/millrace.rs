//! What `millrace.h` says, as far as one handler needs it, and a safe way to speak to Millrace.
//!
//! The structs begin with their sizes and fields are only ever appended to them, so that a plugin with these
//! runs under any Millrace of this interface.

use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_int, c_void};

pub const ABI: u32 = 1;
const OK: c_int = 0;
const FAILED: c_int = 1;
const INFO: c_int = 2;

/// What a handler is asked to do.
#[repr(C)]
pub struct RawJob {
    size: usize,
    id: i64,
    attempt: i32,
    reserved: i32,
    handler: *const c_char,
    parameters: *const c_char,
    parameters_length: usize,
    input: *const u8,
    input_length: usize,
    deadline_ms: i64,
    work_directory: *const c_char,
    trace_parent: *const c_char,
}

/// What a handler can tell Millrace.
#[repr(C)]
pub struct RawContext {
    size: usize,
    host: *mut c_void,
    log: extern "C" fn(*const RawContext, c_int, *const c_char, *const c_void, usize) -> c_int,
    progress: extern "C" fn(*const RawContext, f64, *const c_char) -> c_int,
    set_result: extern "C" fn(*const RawContext, *const c_void, usize, *const c_char) -> c_int,
    cancelled: extern "C" fn(*const RawContext) -> c_int,
    fail: extern "C" fn(*const RawContext, *const c_char, *const c_char, c_int) -> c_int,
}

/// A handler: one kind of job.
#[repr(C)]
pub struct RawHandler {
    pub size: usize,
    pub name: *const c_char,
    pub summary: *const c_char,
    pub parameter_schema: *const c_char,
    pub run: extern "C" fn(*const RawJob, *const RawContext) -> c_int,
    pub limits: *const c_void,
    pub timeout_ms: i64,
    pub max_attempts: i32,
    pub flags: u32,
    pub retry_delay_ms: i64,
    pub concurrency: i64,
    pub prepare: Option<extern "C" fn(*const c_char) -> c_int>,
}

/// A plugin.
#[repr(C)]
pub struct RawPlugin {
    pub size: usize,
    pub abi: u32,
    pub flags: u32,
    pub name: *const c_char,
    pub version: *const c_char,
    pub handlers: *const RawHandler,
    pub handler_count: usize,
    pub warm_up: Option<extern "C" fn() -> c_int>,
    pub problems: *const *const c_char,
    pub refusal: *const c_char,
}

// SAFETY: what the pointers lead to is constant.
unsafe impl Sync for RawHandler {}
unsafe impl Sync for RawPlugin {}

/// Why a job fails: a short code for programs, a sentence for people, and whether another attempt may help.
pub struct Failure {
    pub code: &'static str,
    pub message: String,
    pub is_retryable: bool,
}

impl Failure {
    /// The parameters don't fit.
    pub fn invalid(message: String) -> Failure {
        Failure { code: "invalid_parameters", message, is_retryable: false }
    }

    /// The job was asked to stop.
    pub fn cancelled() -> Failure {
        Failure { code: "cancelled", message: "the job was asked to stop".into(), is_retryable: true }
    }
}

/// The job that runs.
pub struct Job<'run> {
    job: &'run RawJob,
    context: &'run RawContext,
}

impl Job<'_> {
    /// The JSON object of the parameters.
    pub fn parameters(&self) -> &str {
        if self.job.parameters.is_null() {
            return "{}";
        }
        // SAFETY: Millrace gives text that ends with a zero byte and lives as long as the job.
        unsafe { CStr::from_ptr(self.job.parameters) }.to_str().unwrap_or("")
    }

    /// The input; empty if none was given.
    #[allow(dead_code)]
    pub fn input(&self) -> &[u8] {
        if self.job.input_length == 0 {
            return &[];
        }
        // SAFETY: as many bytes are there as long as the job.
        unsafe { std::slice::from_raw_parts(self.job.input, self.job.input_length) }
    }

    /// Whether the job was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        (self.context.cancelled)(self.context) != 0
    }

    /// Writes a line to the job's log.
    pub fn log(&self, message: &str) {
        (self.context.log)(self.context, INFO, text(message).as_ptr(), std::ptr::null(), 0);
    }

    /// Reports how far the job is: 0 to 1, and what it does now.
    pub fn progress(&self, fraction: f64, message: &str) {
        (self.context.progress)(self.context, fraction, text(message).as_ptr());
    }

    /// Sets the result.
    pub fn finish(&self, bytes: &[u8], media_type: &str) -> Result<(), Failure> {
        let kind = text(media_type);
        match (self.context.set_result)(self.context, bytes.as_ptr().cast(), bytes.len(), kind.as_ptr()) {
            OK => Ok(()),
            _ => Err(Failure {
                code: "result_refused",
                message: format!("a result of {} bytes is not taken; the log tells why", bytes.len()),
                is_retryable: false,
            }),
        }
    }
}

/// Does a job; returns what Millrace wants to know.
pub fn run(
    work: fn(&Job) -> Result<(), Failure>,
    job: *const RawJob,
    context: *const RawContext,
) -> c_int {
    // SAFETY: Millrace gives both, and they live as long as the job.
    let (job, context) = unsafe { (&*job, &*context) };
    let result = std::panic::catch_unwind(|| work(&Job { job, context })).unwrap_or_else(|_| {
        Err(Failure { code: "panic", message: "it panicked; the log tells where".into(), is_retryable: true })
    });
    let failure = match result {
        Ok(()) => return OK,
        Err(failure) => failure,
    };
    let (code, message) = (text(failure.code), text(&failure.message));
    (context.fail)(context, code.as_ptr(), message.as_ptr(), failure.is_retryable.into());
    FAILED
}

/// Text as C has it; what stands behind a zero byte is lost.
fn text(text: &str) -> CString {
    let end = text.find('\0').unwrap_or(text.len());
    CString::new(&text[..end]).unwrap_or_default()
}

/// Exports a plugin with one handler of the same name; `schema` ends with a zero byte.
#[macro_export]
macro_rules! export_plugin {
    (name: $name:literal, version: $version:literal, summary: $summary:literal, schema: $schema:expr,
     run: $work:expr $(,)?) => {
        extern "C" fn run_job(
            job: *const $crate::millrace::RawJob,
            context: *const $crate::millrace::RawContext,
        ) -> std::os::raw::c_int {
            $crate::millrace::run($work, job, context)
        }

        static HANDLERS: [$crate::millrace::RawHandler; 1] = [$crate::millrace::RawHandler {
            size: std::mem::size_of::<$crate::millrace::RawHandler>(),
            name: concat!($name, "\0").as_ptr().cast(),
            summary: concat!($summary, "\0").as_ptr().cast(),
            parameter_schema: $schema.as_ptr().cast(),
            run: run_job,
            limits: std::ptr::null(),
            timeout_ms: 0,
            max_attempts: 0,
            flags: 0,
            retry_delay_ms: 0,
            concurrency: 0,
            prepare: None,
        }];

        static PLUGIN: $crate::millrace::RawPlugin = $crate::millrace::RawPlugin {
            size: std::mem::size_of::<$crate::millrace::RawPlugin>(),
            abi: $crate::millrace::ABI,
            flags: 0,
            name: concat!($name, "\0").as_ptr().cast(),
            version: concat!($version, "\0").as_ptr().cast(),
            handlers: HANDLERS.as_ptr(),
            handler_count: HANDLERS.len(),
            warm_up: None,
            problems: std::ptr::null(),
            refusal: std::ptr::null(),
        };

        /// What Millrace asks this plugin for.
        #[no_mangle]
        pub extern "C" fn millrace_plugin_describe() -> *const $crate::millrace::RawPlugin {
            &PLUGIN
        }
    };
}
pub use export_plugin as plugin;
