//! The file operations as tools.

use super::{Append, Bounds, Edit, FsError, List, Named, Read, Reply, Search, Workspace, Write};
use crate::{
    domain::{
        BoxFuture, JsonMap,
        call::{ToolCall, ToolResult, ToolStatus},
        tool::{Effect, ToolSpec},
    },
    policy::{Authorized, Objection, Scope},
    tool::{Tool, arguments},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{panic::resume_unwind, sync::Arc, time::Duration};

/// How long one call may look at files.
pub const MAX_TIME: Duration = Duration::from_secs(20);

type Work<A> = fn(&Workspace, &A, &Bounds) -> Result<Reply, FsError>;
/// Finds out whether the work would be refused. Changes nothing.
type Look<A> = fn(&Workspace, &A) -> Result<(), FsError>;

/// One operation on the workspace.
struct FsTool<A> {
    spec: ToolSpec,
    workspace: Arc<Workspace>,
    work: Work<A>,
    look: Look<A>,
}

impl<A: DeserializeOwned + Send + 'static> FsTool<A> {
    async fn call(&self, call: ToolCall) -> ToolResult {
        let name = &self.spec.name;
        let args: A = match arguments::parse(&call.args) {
            Ok(args) => args,
            Err(problem) => return ToolResult::new(&call, ToolStatus::Error, format!("{name}: {problem}")),
        };
        let (workspace, work) = (Arc::clone(&self.workspace), self.work);
        let bounds = Bounds::new(MAX_TIME);
        let _cancel = bounds.cancel_on_drop();
        let done = tokio::task::spawn_blocking(move || work(&workspace, &args, &bounds)).await;
        match done {
            Ok(Ok(Reply { text, meta, data })) => {
                let data = data.or_else(|| Some(Value::Object(meta.clone())));
                ToolResult { meta, data, ..ToolResult::new(&call, ToolStatus::Ok, text) }
            }
            Ok(Err(error)) => {
                let data = error.kind().map(|kind| json!({"kind": kind}));
                ToolResult { data, ..ToolResult::new(&call, ToolStatus::Error, error.to_string()) }
            }
            Err(broken) => match broken.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => ToolResult::new(&call, ToolStatus::Cancelled, "cancelled: the program is ending"),
            },
        }
    }
}

impl<A: DeserializeOwned + Send + 'static> Tool for FsTool<A> {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn objection(&self, args: &JsonMap) -> Option<Objection> {
        let args: A = match arguments::parse(args) {
            Ok(args) => args,
            Err(problem) => return Some(Objection::Malformed(format!("{}: {problem}", self.spec.name))),
        };
        let error = (self.look)(&self.workspace, &args).err()?;
        match error {
            FsError::Protected { .. } | FsError::Outside { .. } => {
                Some(Objection::Refused(error.to_string()))
            }
            FsError::Arguments(text) => Some(Objection::Malformed(text)),
            // What is not there, or not what it should be, is the tool's to tell.
            _ => None,
        }
    }

    fn run<'a>(&'a self, call: Authorized<ToolCall>, _: Scope<'a>) -> BoxFuture<'a, ToolResult> {
        Box::pin(self.call(call.into_inner()))
    }
}

fn tool<A: DeserializeOwned + Send + 'static>(
    workspace: &Arc<Workspace>,
    (name, effect, description): (&str, Effect, &str),
    required: &[&str],
    properties: Value,
    (work, look): (Work<A>, Look<A>),
) -> Arc<dyn Tool> {
    let mut parameters = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        parameters["required"] = required.into();
    }
    let spec = ToolSpec {
        name: name.into(),
        description: description.into(),
        parameters: parameters.into(),
        effect,
    };
    Arc::new(FsTool { spec, workspace: Arc::clone(workspace), work, look })
}

/// The file tools on one workspace.
pub(in crate::tool) fn tools(workspace: &Arc<Workspace>) -> [Arc<dyn Tool>; 5] {
    let path = json!({"type": "string", "description": "Relative to the workspace, or absolute beneath it."});
    [
        tool(
            workspace,
            ("fs.read", Effect::Read, "Reads a text file of the workspace, or some lines of it."),
            &["path"],
            json!({
                "path": path,
                "offset": {"type": "integer", "description": "The first line to read, counted from 1."},
                "limit": {"type": "integer", "description": "How many lines to read, at most."}
            }),
            (
                |workspace, args: &Read, bounds| workspace.read(args, bounds),
                |workspace, args| workspace.may_read(&args.path),
            ),
        ),
        tool(
            workspace,
            ("fs.list", Effect::Read, "Lists a directory of the workspace, with the sizes of files."),
            &[],
            json!({
                "path": path,
                "depth": {"type": "integer", "description": "How many levels to list; 1 unless given."},
                "hidden": {"type": "boolean", "description": "Whether to show names that begin with a dot."}
            }),
            (
                |workspace, args: &List, bounds| workspace.list(args, bounds),
                |workspace, args| workspace.may_read(args.path.as_deref().unwrap_or(".")),
            ),
        ),
        tool(
            workspace,
            (
                "fs.search",
                Effect::Read,
                "Searches the workspace: lines by a regular expression, file names by a glob, or lines in \
                 the files that a glob names.",
            ),
            &[],
            json!({
                "pattern": {"type": "string", "description": "Regular expression, matched line by line."},
                "glob": {"type": "string", "description": "Such as *.rs for names, or src/**/*.rs for paths."},
                "path": {"type": "string", "description": "Directory or file to search; else the workspace."},
                "ignore_case": {"type": "boolean"},
                "hidden": {"type": "boolean", "description": "Whether to search names that begin with a dot."},
                "max_results": {"type": "integer"}
            }),
            (
                |workspace, args: &Search, bounds| workspace.search(args, bounds),
                |workspace, args| workspace.may_read(args.path.as_deref().unwrap_or(".")),
            ),
        ),
        tool(
            workspace,
            (
                "fs.write",
                Effect::Act,
                "Writes a whole file in the workspace, new or in the place of another.",
            ),
            &["path", "content"],
            json!({"path": path, "content": {"type": "string", "description": "All that the file shall hold."}}),
            (
                |workspace, args: &Write, _| workspace.write(args),
                |workspace, args| workspace.may_write(&args.path),
            ),
        ),
        tool(
            workspace,
            ("fs.edit", Effect::Act, "Replaces a passage of a text file in the workspace with another."),
            &["path", "old", "new"],
            json!({
                "path": path,
                "old": {
                    "type": "string",
                    "description": "The passage exactly as in the file; enough of it to be there only once."
                },
                "new": {"type": "string", "description": "What comes in its place."},
                "replace_all": {"type": "boolean", "description": "Replace it everywhere."}
            }),
            (
                |workspace, args: &Edit, _| workspace.edit(args),
                |workspace, args| {
                    args.check()?;
                    workspace.may_read(&args.path)?;
                    workspace.may_write(&args.path)
                },
            ),
        ),
    ]
}

/// The file tools that only scripts have.
pub(in crate::tool) fn for_scripts(workspace: &Arc<Workspace>) -> [Arc<dyn Tool>; 4] {
    let path = json!({"path": {"type": "string"}});
    [
        tool(
            workspace,
            ("fs.append", Effect::Act, "Adds to the end of a file in the workspace."),
            &["path", "content"],
            json!({"path": {"type": "string"}, "content": {"type": "string"}}),
            (|workspace, args: &Append, _| workspace.append(args), |_, _| Ok(())),
        ),
        tool(
            workspace,
            ("fs.stat", Effect::Read, "Tells what is at a path in the workspace."),
            &["path"],
            path.clone(),
            (|workspace, args: &Named, _| workspace.stat(args), |_, _| Ok(())),
        ),
        tool(
            workspace,
            ("fs.mkdir", Effect::Act, "Makes a directory in the workspace."),
            &["path"],
            path.clone(),
            (|workspace, args: &Named, _| workspace.make_directory(args), |_, _| Ok(())),
        ),
        tool(
            workspace,
            ("fs.remove", Effect::Act, "Removes a file or an empty directory in the workspace."),
            &["path"],
            path,
            (|workspace, args: &Named, _| workspace.remove(args), |_, _| Ok(())),
        ),
    ]
}
