#!/usr/bin/env bash
# Data flows one way, and the folders show it: a file of engine/ may include only headers of its own
# folder and of the rows below it.
#
#   base  <-  config, store, stats, channels  <-  plan, publish, collect, evaluate  <-  report  <-  cli
#
# Siblings in a row do not include each other. engine/main.c stands on top. A public header
# include/abpost/x.h belongs to the folder of its engine/FOLDER/x.c; the table below says where the
# ones without a .c belong, by what their users need. Nor may headers include each other in a circle.
# CHECK_ROOT: check that folder instead (the self test plants bad arrows in one).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/files.sh"

# header = folder, for headers that have no .c of their name, or several, or whose .c only fills what
# they declare: shapes alone stand in base
headers_without_source='
env.h    = base
terms.h  = base
channel.h = channels
plan.h   = plan
post_file.h = config
config.h = config
result.h = base
sum.h    = base
load.h   = evaluate
'

project_files 'engine/*.c' 'engine/*.h' 'include/abpost/*.h' >/dev/null # fails early, in sight
project_files 'engine/*.c' 'engine/*.h' 'include/abpost/*.h' | sort |
    awk -v table="$headers_without_source" '
    function complain(text) {
        print text
        bad = 1
    }
    function base_name(path) {
        sub(/.*\//, "", path)
        return path
    }
    # The folder a file belongs to; "" when nobody has said.
    function folder_of(path, parts, name) {
        if (path == "engine/main.c")
            return "main"
        if (path ~ /^engine\//) {
            split(path, parts, "/")
            return parts[2]
        }
        name = base_name(path)
        if (name in listed)
            return listed[name]
        sub(/\.h$/, "", name)
        return source_folder[name]
    }
    function resolve(from, name, own) {
        if (("include/" name) in known)
            return "include/" name
        own = from
        sub(/[^\/]*$/, name, own)
        if (own in known)
            return own
        if (("engine/" name) in known)
            return "engine/" name
        return ""
    }
    # Depth first; a header met again on the way down closes a circle.
    function walk(path, trail, i, n, next_ones) {
        if (state[path] == "done")
            return
        if (state[path] == "open") {
            complain("circle: " trail " -> " path)
            return
        }
        state[path] = "open"
        n = split(edges[path], next_ones, " ")
        for (i = 1; i <= n; i++)
            walk(next_ones[i], (trail == "" ? "" : trail " -> ") path)
        state[path] = "done"
    }
    BEGIN {
        row["base"] = 1
        row["config"] = row["store"] = row["stats"] = row["channels"] = 2
        row["plan"] = row["publish"] = row["collect"] = row["evaluate"] = 3
        row["report"] = 4
        row["cli"] = 5
        row["main"] = 6
        lines = split(table, line, "\n")
        for (i = 1; i <= lines; i++)
            if (split(line[i], part, / *= */) == 2)
                listed[part[1]] = part[2]
    }
    {
        file[++count] = $0
        known[$0] = 1
        if ($0 ~ /^engine\/[^\/]*\/[^\/]*\.c$/) {
            name = base_name($0)
            sub(/\.c$/, "", name)
            split($0, part, "/")
            if (name in source_folder && source_folder[name] != part[2])
                shared[name] = source_folder[name] " and " part[2]
            source_folder[name] = part[2]
        }
    }
    END {
        for (i = 1; i <= count; i++) {
            from = file[i]
            from_folder = folder_of(from)
            name = base_name(from)
            stem = name
            sub(/\.h$/, "", stem)
            if (from ~ /^include\// && !(name in listed) && stem in shared)
                complain(from ": " shared[stem] " both have a " stem ".c; say whose it is in " \
                    "tests/checks/includes.sh")
            if (!(from_folder in row)) {
                complain(from ": belongs to no known folder (" from_folder "); a public header " \
                    "needs a .c of its name or a line in tests/checks/includes.sh")
                continue
            }
            number = 0
            while ((got = (getline text < from)) > 0) {
                number++
                if (text !~ /^[ \t]*#[ \t]*include[ \t]*"/)
                    continue
                target = text
                sub(/^[^"]*"/, "", target)
                sub(/".*/, "", target)
                to = resolve(from, target)
                arrows++
                if (to == "") {
                    complain(from ":" number ": \"" target "\" is no file of this project")
                    continue
                }
                if (to ~ /\.h$/ && from ~ /\.h$/)
                    edges[from] = edges[from] " " to
                to_folder = folder_of(to)
                if (to_folder != from_folder && !(row[to_folder] < row[from_folder]))
                    complain(from ":" number ": " from_folder " may not include " to_folder \
                        " (" target ")")
            }
            if (got < 0)
                complain(from ": cannot be read")
            close(from)
        }
        for (i = 1; i <= count; i++)
            if (file[i] ~ /\.h$/)
                walk(file[i], "")
        if (count == 0)
            complain("no source files found")
        if (!bad)
            printf "include direction: %d files, %d arrows, none runs back\n", count, arrows
        exit bad
    }'
