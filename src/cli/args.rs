//! Every command and flag. The comments are the help text.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

/// A WhatsApp gateway: many accounts behind one API.
#[derive(Debug, Parser)]
#[command(name = "zaptor", version, propagate_version = true)]
#[command(after_help = "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 the service cannot be reached.")]
pub(super) struct Arguments {
    /// Data as JSON, for programs; lists and streams as one object a line where they go on
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) service: Service,
    /// Whether the address was given by hand, and not by the environment
    #[arg(skip)]
    pub(super) url_by_hand: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

impl Arguments {
    /// Reads the command line. Ends the process on wrong usage, and after `--help` and `--version`.
    pub(super) fn read() -> Arguments {
        let matches = Arguments::command().get_matches();
        let mut arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        arguments.url_by_hand = matches.value_source("url") == Some(ValueSource::CommandLine);
        arguments
    }
}

/// Which service the client commands speak to. What is not given is taken from the file that `login` and `up` write.
#[derive(Debug, Clone, Args)]
pub(super) struct Service {
    /// Address of the service, for example http://127.0.0.1:7880
    #[arg(long, global = true, env = "ZAPTOR_URL", value_name = "URL")]
    pub(super) url: Option<String>,
    /// API key
    #[arg(
        long,
        global = true,
        env = "ZAPTOR_API_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub(super) api_key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Start everything on this machine, with embedded defaults and the sandbox
    Up(Up),
    /// Run a node
    Serve(Node),
    /// Run the simulated WhatsApp alone, or play a scenario on it
    Sandbox(SandboxArguments),
    /// Install the browser that accounts need (Debian and its kin)
    Setup(Setup),
    /// Check this machine: browser, driver, folders, ports, database
    Doctor(Node),
    /// Bring the database to this version's shape
    Migrate(Node),
    /// Print every setting that holds and where it comes from
    Config(Node),
    /// Sign in and remember it for the other commands
    Login(Login),
    /// Accounts: WhatsApp numbers in our care
    #[command(subcommand)]
    Account(AccountCommand),
    /// The tree of actors: who runs, who was restarted and why, what it costs
    Actors,
    /// Send a text
    Send(Send),
    /// List messages, or show one with its timeline
    Messages(Messages),
    /// Print events as they happen
    Tail(Tail),
    /// Tokens: what there is, what moved, top up
    Wallet(Wallet),
    /// The script in WhatsApp Web's pages (administrators)
    #[command(subcommand)]
    Agent(AgentCommand),
    /// The vault of browser profiles (administrators)
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Print the service's OpenAPI document
    Openapi,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Flags of every command that runs on this machine's configuration.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Node {
    /// Configuration file; it names only what differs from the defaults
    #[arg(long, env = "ZAPTOR_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Folder of everything that this node keeps [data.dir]
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// Address to listen on [server.host]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) host: Option<String>,
    /// Port to listen on, 0 for a free one [server.port]
    #[arg(long, value_name = "N")]
    pub(super) port: Option<u16>,
    /// Use a sandbox that runs already [sandbox.url]
    #[arg(long, value_name = "URL")]
    pub(super) sandbox_url: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Up {
    #[command(flatten)]
    pub(super) node: Node,
    /// Port of the sandbox's control, 0 for a free one [sandbox.port]
    #[arg(long, value_name = "N")]
    pub(super) sandbox_port: Option<u16>,
    /// Without the sandbox: accounts meet the real WhatsApp
    #[arg(long, conflicts_with = "sandbox_url")]
    pub(super) no_sandbox: bool,
}

#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct SandboxArguments {
    #[command(subcommand)]
    pub(super) command: Option<SandboxCommand>,
    /// Port of the control, 0 for a free one
    #[arg(long, value_name = "N", default_value_t = 7881)]
    pub(super) port: u16,
    /// Folder of its certificate and its phones
    #[arg(long, value_name = "DIR", default_value = "data/sandbox")]
    pub(super) data_dir: PathBuf,
    /// Seed of everything that looks random
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum SandboxCommand {
    /// Play a scenario and report whether what it expects came true
    ///
    /// In virtual time, unless --url names a sandbox that runs: there it takes its real time, with the pages that are
    /// linked there.
    Run(ScenarioArguments),
}

#[derive(Debug, Clone, Args)]
pub(super) struct ScenarioArguments {
    /// A file in TOML or JSON, or the name of one that comes with Zaptor
    #[arg(value_name = "FILE|NAME", required_unless_present = "list")]
    pub(super) scenario: Option<String>,
    /// Tell which scenarios come with Zaptor
    #[arg(long, conflicts_with_all = ["scenario", "seed", "log"])]
    pub(super) list: bool,
    /// Seed of everything that looks random, in place of the file's
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Write the delivery log to this file, one message a line
    #[arg(long, value_name = "FILE")]
    pub(super) log: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Setup {
    /// Say what would be installed, install nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Login {
    /// Email of the user; asked for if missing
    #[arg(long)]
    pub(super) email: Option<String>,
    /// Read the password from stdin instead of asking for it
    #[arg(long)]
    pub(super) password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Create an account and start it
    Create(CreateAccount),
    /// List accounts
    List,
    /// Show an account
    Show(Which),
    /// Change settings of an account; KEY= goes back to the default
    ///
    /// Settings are user_agent, locale (pt-BR), time_zone (America/Sao_Paulo), priority (0 to 9), hibernate_after_s,
    /// wake_every_s, allow_other_number (true) and media_downloads (true has the page fetch the files of messages by
    /// itself); a proxy has options of its own, and proxy= takes it away. The session that runs keeps those that it was
    /// opened with.
    Set {
        #[command(flatten)]
        which: Which,
        /// What to set
        #[arg(value_name = "KEY=VALUE", required_unless_present = "proxy")]
        settings: Vec<String>,
        #[command(flatten)]
        proxy: ProxyFrom,
        /// Open a new session at once, if one runs
        #[arg(long)]
        restart: bool,
    },
    /// Show the QR code, renew it as WhatsApp does, and follow until the account is online; starts one that rests
    Pair {
        #[command(flatten)]
        which: Which,
        /// Show a code that is typed on the phone of this number instead of a QR code
        #[arg(long, value_name = "NUMBER")]
        phone: Option<String>,
        /// Give up after this many seconds
        #[arg(long, default_value_t = 300, value_name = "SECONDS")]
        timeout: u64,
    },
    /// Start an account that rests
    Start(Which),
    /// Stop an account: its browser is closed, its link is kept
    Stop(Which),
    /// Close the session and open a new one
    Restart(Which),
    /// Unlink the account from its phone
    Logout(Which),
    /// Close a linked account's browser until there is something to do
    Hibernate(Which),
    /// Open a hibernated account, and let it stay open
    Wake(Which),
    /// Log out, remove the profile, keep the history
    Rm {
        #[command(flatten)]
        which: Which,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// List the snapshots of the account's browser profile, newest first
    Snapshots {
        #[command(flatten)]
        which: Which,
        /// Take one now; the account must be stopped
        #[arg(long)]
        take: bool,
        /// Put this one in the place of the profile; the account must be stopped
        #[arg(long, value_name = "SNAPSHOT", conflicts_with = "take")]
        restore: Option<String>,
    },
    /// Write the profile of a stopped account to a file that only a passphrase opens
    Export {
        #[command(flatten)]
        which: Which,
        /// File to write [default: the account's id with .zaptor-profile]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        passphrase: PassphraseFrom,
    },
    /// Put an exported profile in the place of that of a stopped account
    Import {
        #[command(flatten)]
        which: Which,
        /// The file that was exported
        file: PathBuf,
        #[command(flatten)]
        passphrase: PassphraseFrom,
    },
    /// What was tried and seen in the account's repairs
    Forensics {
        #[command(flatten)]
        which: Which,
        /// Show this one
        bundle: Option<String>,
        /// Save its picture of the page (of the newest that has one, if none is named); - for stdout
        #[arg(long, value_name = "FILE")]
        screenshot: Option<PathBuf>,
    },
    /// Save a picture of the account's page
    Screenshot {
        #[command(flatten)]
        which: Which,
        /// File to write; - for stdout
        #[arg(long, short, default_value = "screenshot.png", value_name = "FILE")]
        output: PathBuf,
    },
}

/// A new account.
#[derive(Debug, Args)]
pub(super) struct CreateAccount {
    /// A name for people
    pub(super) name: String,
    /// What serves it: browser or simulated
    #[arg(long)]
    pub(super) engine: Option<String>,
    /// A label; may be given several times
    #[arg(long = "label", value_name = "LABEL")]
    pub(super) labels: Vec<String>,
    /// A setting, as with `set`; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) settings: Vec<String>,
    #[command(flatten)]
    pub(super) proxy: ProxyFrom,
    /// Go on to `pair`
    #[arg(long)]
    pub(super) pair: bool,
}

/// The proxy through which an account's browser goes.
#[derive(Debug, Clone, Args)]
pub(super) struct ProxyFrom {
    /// Proxy for the account's browser: http://HOST:PORT or socks5://HOST:PORT
    #[arg(long, value_name = "URL")]
    pub(super) proxy: Option<String>,
    /// Whom the proxy knows. The password is asked for, and never given on the command line, where others can read it
    #[arg(long, value_name = "NAME", requires = "proxy")]
    pub(super) proxy_user: Option<String>,
    /// Read the proxy's password from stdin (`< FILE`) instead of asking for it
    #[arg(long, requires = "proxy_user")]
    pub(super) proxy_password_stdin: bool,
}

/// A passphrase that is asked for, unless it comes from stdin.
#[derive(Debug, Clone, Args)]
pub(super) struct PassphraseFrom {
    /// Read the passphrase from stdin instead of asking for it
    #[arg(long)]
    pub(super) passphrase_stdin: bool,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum AgentCommand {
    /// Which files are in use, and how the last exchange went
    Status,
    /// Try the files in the agent's folder on one account, then put them into the others' pages; follows until it is done
    Reload {
        /// Id or name of the account that is tried first; a quiet one if it is left out
        #[arg(long, value_name = "ACCOUNT")]
        canary: Option<String>,
        /// Id or name of an account that gets them; may be repeated; all if it is left out
        #[arg(long = "account", value_name = "ACCOUNT")]
        accounts: Vec<String>,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum VaultCommand {
    /// Make a new key and lock every snapshot's key anew with it
    Rotate,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Which {
    /// Id (acc_…) or name of the account
    #[arg(value_name = "ACCOUNT")]
    pub(super) account: String,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Send {
    /// Id or name of the sending account; may be left out if there is only one
    #[arg(long)]
    pub(super) account: Option<String>,
    /// Phone with its country code, or a JID
    #[arg(long)]
    pub(super) to: String,
    /// The text; - reads it from stdin
    #[arg(long)]
    pub(super) text: String,
    /// Sending twice with the same key sends once
    #[arg(long, value_name = "KEY")]
    pub(super) idempotency_key: Option<String>,
    /// Follow until this status or the end: sent, delivered, read
    #[arg(long, value_name = "STATUS", num_args = 0..=1, require_equals = true, default_missing_value = "sent")]
    #[arg(value_parser = ["sent", "delivered", "read"])]
    pub(super) wait: Option<String>,
    /// Stop following after this many seconds
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    pub(super) timeout: u64,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Messages {
    /// Show this message (msg_…) with its timeline
    pub(super) message: Option<String>,
    /// Cancel the message named, if it is not being sent yet
    #[arg(long, requires = "message")]
    pub(super) cancel: bool,
    /// Only of this account, by id or name
    #[arg(long)]
    pub(super) account: Option<String>,
    /// Only of this chat
    #[arg(long, value_name = "JID")]
    pub(super) chat: Option<String>,
    /// Only in this status
    #[arg(long)]
    pub(super) status: Option<String>,
    /// Only outbound or inbound
    #[arg(long, value_parser = ["outbound", "inbound"])]
    pub(super) direction: Option<String>,
    /// How many at most
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub(super) limit: u16,
    /// Go on after this cursor
    #[arg(long, value_name = "CURSOR")]
    pub(super) after: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Tail {
    /// Begin after this number of the log; without it, with what happens from now on
    #[arg(long, value_name = "SEQ")]
    pub(super) after: Option<i64>,
    /// Only these types, for example message.sent,message.received
    #[arg(long, value_delimiter = ',', value_name = "TYPES")]
    pub(super) types: Vec<String>,
    /// Only of this account, by id or name
    #[arg(long)]
    pub(super) account: Option<String>,
    /// End after this many events
    #[arg(long, short = 'n', value_name = "N")]
    pub(super) count: Option<u64>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Wallet {
    #[command(subcommand)]
    pub(super) command: Option<WalletCommand>,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum WalletCommand {
    /// What moved, newest first
    Entries {
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
        limit: u16,
    },
    /// Add tokens (administrators)
    Topup {
        /// How many tokens
        amount: u32,
        /// For this tenant instead of one's own
        #[arg(long)]
        tenant: Option<String>,
        /// A note for the statement
        #[arg(long)]
        note: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
