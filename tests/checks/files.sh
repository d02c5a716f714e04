# Sourced by the checks: project_files PATTERN... prints this project's files whose path matches one
# of the git patterns ('*.c' matches in every folder), one a line, relative to the project's folder,
# which becomes the current one. A released tarball has no git: then it is every file outside build/.

# Where one is checking, it is the folder that holds tests/, or what the caller's self test says.
cd "${CHECK_ROOT:-$(dirname "${BASH_SOURCE[0]}")/../..}" || exit 1

project_files() {
    # safe.directory: root checks a clone that belongs to somebody else.
    if [ -e .git ] && git -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1; then
        # A file deleted but not committed yet is not there to check.
        git -c safe.directory='*' ls-files --cached --others --exclude-standard -- "$@" |
            while IFS= read -r file; do
                if [ -f "$file" ]; then printf '%s\n' "$file"; fi
            done
    else
        local pattern
        find . \( -path ./build -o -path ./.git \) -prune -o -type f -print | sed 's,^\./,,' |
            while IFS= read -r file; do
                for pattern in "$@"; do
                    # shellcheck disable=SC2254 # the pattern is meant as one
                    case $file in $pattern | */$pattern) printf '%s\n' "$file" && break ;; esac
                done
            done
    fi
}
