//! What a compiled handler asks of the machine that runs it, read from its ELF
//! headers, and whether the Lambda runtime `provided.al2023` has that. Nothing is
//! executed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use object::elf::{self, FileHeader64};
use object::read::elf::{Dyn, ElfFile, FileHeader, ProgramHeader, Sym};
use object::{Endianness, FileKind};

use crate::pack::MAX_UNZIPPED_BYTES;

/// The glibc of Amazon Linux 2023.
pub const RUNTIME_GLIBC: GlibcVersion = GlibcVersion(2, 34);

/// Libraries of `provided.al2023` that Rust programs link to. It has a few more;
/// they are not promised to stay.
const RUNTIME_LIBRARIES: &[&str] = &[
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
];

/// How many symbols are named as the cause.
const SYMBOLS_NAMED: usize = 5;

/// A processor architecture of Lambda.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Architecture {
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86_64,
    /// Graviton.
    #[serde(rename = "arm64")]
    Arm64,
}

impl Architecture {
    /// The architecture of this machine, if Lambda has it.
    pub fn host() -> Option<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Some(Self::X86_64),
            "aarch64" => Some(Self::Arm64),
            _ => None,
        }
    }

    /// As Lambda spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// The Rust target that Lambda runs.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }

    fn interpreter(self) -> &'static str {
        match self {
            Self::X86_64 => "/lib64/ld-linux-x86-64.so.2",
            Self::Arm64 => "/lib/ld-linux-aarch64.so.1",
        }
    }

    fn machine(self) -> elf::Machine {
        match self {
            Self::X86_64 => elf::EM_X86_64,
            Self::Arm64 => elf::EM_AARCH64,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A version of the GNU C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlibcVersion(pub u32, pub u32);

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// Why a binary will not run, or may not, as a Lambda function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BinaryProblem {
    /// Some other kind of file.
    #[error("it is {found}, not an ELF file for Linux")]
    NotElf {
        /// What it looks like.
        found: &'static str,
    },
    /// An ELF file that contradicts itself.
    #[error("its ELF headers are damaged: {detail}")]
    Damaged {
        /// What is wrong.
        detail: String,
    },
    /// A library or an object file.
    #[error("it is an ELF file but not a program")]
    NotProgram,
    /// Compiled for another processor.
    #[error("it is compiled for {found}, not for {expected}")]
    Architecture {
        /// What it is for.
        found: String,
        /// What it should be for.
        expected: Architecture,
    },
    /// It needs a newer C library than Lambda's runtime has.
    #[error(
        "it needs {version}{}; the runtime provided.al2023 has glibc {RUNTIME_GLIBC}",
        causes(.symbols)
    )]
    Glibc {
        /// The newest symbol version, for instance `GLIBC_2.38`.
        version: String,
        /// Some of the symbols that ask for it or for another one too new.
        symbols: Vec<String>,
    },
    /// It is started by a dynamic linker that the runtime does not have, as the
    /// compilers of Alpine and NixOS make them.
    #[error("its dynamic linker `{found}` is not in the runtime provided.al2023")]
    Interpreter {
        /// The linker's path.
        found: String,
    },
    /// It loads libraries that the runtime does not have.
    #[error("it loads {}, not known to be in the runtime provided.al2023", .names.join(", "))]
    Libraries {
        /// Their file names.
        names: Vec<String>,
    },
    /// More than Lambda takes.
    #[error("it is {} MB; Lambda takes 250 MB unpacked at most", .bytes / (1024 * 1024))]
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// Larger than what can be sent to Lambda itself, and slow to start.
    #[error(
        "its zip is {} MB; Lambda takes more than 50 MB only from S3, and loads it slowly",
        .bytes / (1024 * 1024)
    )]
    LargeZip {
        /// The zip's size.
        bytes: u64,
    },
}

fn causes(symbols: &[String]) -> String {
    if symbols.is_empty() {
        return String::new();
    }
    format!(" (for {})", symbols.join(", "))
}

impl BinaryProblem {
    /// Whether the function cannot run on AWS with it.
    pub fn stops_on_aws(&self) -> bool {
        !matches!(self, Self::Libraries { .. } | Self::LargeZip { .. })
    }

    /// Whether the function cannot run on this machine with it.
    pub fn stops_here(&self) -> bool {
        matches!(
            self,
            Self::NotElf { .. }
                | Self::Damaged { .. }
                | Self::NotProgram
                | Self::Architecture { .. }
        )
    }

    /// Whether `cargo zigbuild`, which links to a chosen glibc, is the way out.
    pub fn is_solved_by_zigbuild(&self) -> bool {
        matches!(self, Self::Glibc { .. } | Self::Interpreter { .. })
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Glibc { .. } | Self::Interpreter { .. } => {
                return Some(format!(
                    "install cargo-zigbuild, which links to the runtime's glibc and is then \
                     used by itself: {INSTALL_ZIGBUILD}"
                ));
            }
            Self::Architecture { .. } => {
                "set `architecture` of the environment, or remove `build.target` from the cargo \
                 configuration"
            }
            Self::Libraries { .. } => "link it statically, for instance by a `vendored` feature",
            Self::TooLarge { .. } | Self::LargeZip { .. } => {
                "build with a profile that strips and optimises for size"
            }
            Self::NotElf { .. } | Self::Damaged { .. } | Self::NotProgram => return None,
        };
        Some(hint.to_owned())
    }
}

/// Brings zig along, which `cargo install` does not.
pub(crate) const INSTALL_ZIGBUILD: &str = "pip install cargo-zigbuild";

/// What a binary needs, as far as it matters to Lambda.
#[derive(Debug, Default)]
struct Needs {
    interpreter: Option<String>,
    libraries: BTreeSet<String>,
    /// Symbol versions of the C library, with the symbols that carry them.
    versions: BTreeMap<String, BTreeSet<String>>,
}

/// All that is wrong with a binary for Lambda on `architecture`, worst first.
pub fn check_binary(binary: &[u8], architecture: Architecture) -> Vec<BinaryProblem> {
    let needs = match read_needs(binary, architecture) {
        Ok(needs) => needs,
        Err(problem) => return vec![problem],
    };
    let mut problems = Vec::new();
    if let Some(found) = needs.interpreter
        && found != architecture.interpreter()
    {
        problems.push(BinaryProblem::Interpreter { found });
    }
    problems.extend(glibc_problem(&needs.versions));
    if binary.len() as u64 > MAX_UNZIPPED_BYTES {
        problems.push(BinaryProblem::TooLarge {
            bytes: binary.len() as u64,
        });
    }
    let known = |name: &String| RUNTIME_LIBRARIES.contains(&name.as_str());
    let names: Vec<String> = needs
        .libraries
        .into_iter()
        .filter(|name| !known(name))
        .collect();
    if !names.is_empty() {
        problems.push(BinaryProblem::Libraries { names });
    }
    problems
}

fn glibc_problem(versions: &BTreeMap<String, BTreeSet<String>>) -> Option<BinaryProblem> {
    let mut too_new: Vec<_> = versions
        .iter()
        .map(|(name, symbols)| (glibc_version(name), name, symbols))
        .filter(|(version, ..)| *version > RUNTIME_GLIBC)
        .collect();
    too_new.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let (_, newest, _) = too_new.first()?;
    Some(BinaryProblem::Glibc {
        version: (*newest).clone(),
        symbols: too_new
            .iter()
            .flat_map(|(_, _, symbols)| symbols.iter().cloned())
            .take(SYMBOLS_NAMED)
            .collect(),
    })
}

/// `GLIBC_2.34` -> 2.34. A version without a number, such as `GLIBC_ABI_DT_RELR`,
/// stands for an ability of glibc that came after 2.34, or is private to it.
fn glibc_version(name: &str) -> GlibcVersion {
    let number = |text: &str| text.parse::<u32>().ok();
    name.strip_prefix("GLIBC_")
        .and_then(|version| {
            let mut parts = version.split('.').map(number);
            Some(GlibcVersion(parts.next()??, parts.next()??))
        })
        .unwrap_or(GlibcVersion(u32::MAX, 0))
}

fn read_needs(binary: &[u8], architecture: Architecture) -> Result<Needs, BinaryProblem> {
    match FileKind::parse(binary) {
        Ok(FileKind::Elf64) => {}
        Ok(FileKind::Elf32) => {
            return Err(BinaryProblem::Architecture {
                found: "a 32-bit processor".to_owned(),
                expected: architecture,
            });
        }
        kind => {
            return Err(BinaryProblem::NotElf {
                found: kind_name(kind, binary),
            });
        }
    }
    let header = FileHeader64::<Endianness>::parse(binary).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    let machine = header.e_machine(endian);
    if machine != architecture.machine() {
        return Err(BinaryProblem::Architecture {
            found: machine_name(machine),
            expected: architecture,
        });
    }
    if !matches!(header.e_type(endian), elf::ET_EXEC | elf::ET_DYN) {
        return Err(BinaryProblem::NotProgram);
    }
    let file = ElfFile::<FileHeader64<Endianness>>::parse(binary).map_err(damaged)?;
    let mut needs = Needs::default();
    for segment in file.elf_program_headers() {
        if let Some(path) = segment.interpreter(endian, binary).map_err(damaged)? {
            needs.interpreter = Some(text(path));
        }
    }
    // Position-independent programs and libraries have one type; only programs
    // have an address to start at.
    if header.e_entry(endian) == 0 {
        return Err(BinaryProblem::NotProgram);
    }
    read_dynamic(&file, endian, binary, &mut needs).map_err(damaged)?;
    Ok(needs)
}

fn read_dynamic(
    file: &ElfFile<'_, FileHeader64<Endianness>>,
    endian: Endianness,
    binary: &[u8],
    needs: &mut Needs,
) -> object::read::Result<()> {
    let sections = file.elf_section_table();
    if let Some((dynamic, link)) = sections.dynamic(endian, binary)? {
        let strings = sections.strings(endian, binary, link)?;
        for entry in dynamic {
            if entry.tag(endian) == elf::DT_NEEDED {
                needs.libraries.insert(text(entry.string(endian, strings)?));
            }
        }
    }
    // Versions that are only asked for weakly may be missing at run time.
    let mut wanted = BTreeMap::new();
    if let Some((mut libraries, link)) = sections.gnu_verneed(endian, binary)? {
        let strings = sections.strings(endian, binary, link)?;
        while let Some((_, mut versions)) = libraries.next()? {
            while let Some(version) = versions.next()? {
                let name = text(version.name(endian, strings)?);
                let weak = version.vna_flags.get(endian).contains(elf::VER_FLG_WEAK);
                if name.starts_with("GLIBC_") && !weak {
                    wanted.insert(version.vna_other(endian).index().0, name.clone());
                    needs.versions.entry(name).or_default();
                }
            }
        }
    }
    let symbols = file.elf_dynamic_symbol_table();
    if let Some(table) = sections.versions(endian, binary)? {
        for (index, symbol) in symbols.enumerate() {
            if let Some(version) = wanted.get(&table.version_index(endian, index).index().0) {
                let name = text(symbol.name(endian, symbols.strings())?);
                needs
                    .versions
                    .entry(version.clone())
                    .or_default()
                    .insert(name);
            }
        }
    }
    Ok(())
}

fn damaged(error: object::read::Error) -> BinaryProblem {
    BinaryProblem::Damaged {
        detail: error.to_string(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn machine_name(machine: elf::Machine) -> String {
    match machine {
        elf::EM_X86_64 => Architecture::X86_64.to_string(),
        elf::EM_AARCH64 => Architecture::Arm64.to_string(),
        elf::EM_RISCV => "RISC-V".to_owned(),
        elf::Machine(number) => format!("ELF machine {number}"),
    }
}

fn kind_name(kind: object::read::Result<FileKind>, binary: &[u8]) -> &'static str {
    match kind {
        Ok(FileKind::MachO32 | FileKind::MachO64 | FileKind::MachOFat32 | FileKind::MachOFat64) => {
            "a program for macOS"
        }
        Ok(FileKind::Pe32 | FileKind::Pe64) => "a program for Windows",
        _ if binary.is_empty() => "an empty file",
        _ if binary.starts_with(b"#!") => "a script",
        _ => "some other file",
    }
}

#[cfg(test)]
mod tests;
