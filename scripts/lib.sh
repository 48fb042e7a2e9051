# Shared by the scripts beside it: find Python, and make an environment that matches a lock file.
# The caller sets ROOT (the project folder). VENV_DIR and PYTHON may come from the environment.

# The shell may have these for another Python.
unset PYTHONHOME PYTHONPATH PYTHONSAFEPATH PYTHONWARNINGS

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

[ -n "$(pwd -P 2>/dev/null)" ] || fail "the current folder was deleted: cd to another one"

VENV_DIR=${VENV_DIR:-$ROOT/.venv}
case $VENV_DIR in
/*) ;;
"~" | "~"/*) VENV_DIR=$HOME${VENV_DIR#"~"} ;; # the shell does not expand it in quotes
*) VENV_DIR=$PWD/$VENV_DIR ;;
esac
VENV_DIR=${VENV_DIR%/}
VENV_PYTHON=$VENV_DIR/bin/python

python_is_recent() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Is pip complete? The list of its files is written last.
has_pip() {
    "$1" -c 'import sys; from importlib.metadata import files; sys.exit(not files("pip"))' 2>/dev/null
}

can_make_environments() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

# Sets PYTHON to the newest Python that is recent enough and can make environments.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" >/dev/null 2>&1 || fail "PYTHON=$PYTHON is not a program"
        python_is_recent "$PYTHON" && return
        found=$("$PYTHON" -V 2>&1) || fail "PYTHON=$PYTHON does not start: $(echo "$found" | head -n 1)"
        fail "Python 3.11 or newer is needed, but PYTHON=$PYTHON is $found"
    fi
    recent=
    for PYTHON in python3.14 python3.13 python3.12 python3.11 python3; do
        python_is_recent "$PYTHON" || continue
        if can_make_environments "$PYTHON"; then
            return
        fi
        recent=${recent:-$PYTHON}
    done
    if [ -n "$recent" ]; then
        PYTHON=$recent # create_environment says what it lacks
        return
    fi
    found=$(python3 -V 2>&1) || found="none"
    fail "Python 3.11 or newer is needed; found: $found. Install it, or name it: PYTHON=/path/to/python"
}

# `python -m venv`, which Ctrl+C ends without a traceback.
MAKE_ENVIRONMENT='
import runpy, signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
runpy.run_module("venv", run_name="__main__")'

# Makes a new environment in the folder $1 with $PYTHON.
create_environment() {
    if ! can_make_environments "$PYTHON"; then
        version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        fail "$PYTHON has no venv module; on Debian or Ubuntu: apt install python$version-venv"
    fi
    clear=
    if [ -f "$1/pyvenv.cfg" ]; then # a broken environment; other content is not ours to delete
        clear=--clear
    fi
    "$PYTHON" -c "$MAKE_ENVIRONMENT" $clear "$1" || fail "cannot make an environment in $1"
}

# Makes $VENV_DIR hold exactly what the lock file $1 names. A copy of the lock file in there says what
# is installed, so a second run installs nothing, unless the environment does not work.
prepare_environment() {
    if [ -n "${PYTHON:-}" ] || ! python_is_recent "$VENV_PYTHON"; then
        find_python
    fi
    is_prepared "$1" && return
    take_turn
    is_prepared "$1" || install_lock "$1"
    end_turn
}

is_prepared() {
    cmp -s "$ROOT/$1" "$VENV_DIR/$1" && works
}

works() {
    "$VENV_PYTHON" -c 'import sys, django; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Waits while another script works in $VENV_DIR, and then locks it. Ignores the lock of a killed one.
take_turn() {
    turn=$VENV_DIR.lock
    mkdir -p "${VENV_DIR%/*}/" 2>/dev/null || cannot_write
    unnamed=0
    waiting=
    until mkdir "$turn" 2>/dev/null; do
        if [ ! -d "$turn" ]; then # the other script has ended, or no folder can be made there
            mkdir "$turn" 2>/dev/null && break
            [ -d "$turn" ] || cannot_write
        fi
        { is_over && rm -rf "$turn" 2>/dev/null; } || say_waiting
        sleep 1
    done
    trap end_turn EXIT
    trap 'exit 1' HUP TERM
    trap 'echo Stopped. >&2; exit 130' INT
    echo $$ >"$turn/pid"
}

# Has the script that holds the lock ended? If its process id is missing after five seconds, it was
# killed before it could write it, or the disk was full.
is_over() {
    pid=
    { read -r pid <"$turn/pid"; } 2>/dev/null || :
    case $pid in
    '' | 0* | *[!0-9]*)
        pid=
        [ -x "$turn" ] && { [ -r "$turn/pid" ] || [ ! -e "$turn/pid" ]; } || return # another user's
        unnamed=$((unnamed + 1))
        [ "$unnamed" -gt 5 ]
        ;;
    *) unnamed=0 && ! is_running "$pid" ;;
    esac
}

# Works for processes of other users too, which may not be signalled; not every system has ps or /proc.
is_running() {
    kill -0 "$1" 2>/dev/null || [ -d "/proc/$1" ] || ps -p "$1" >/dev/null 2>&1
}

say_waiting() {
    [ -z "$waiting" ] || return 0
    waiting=yes
    echo "Waiting for another script${pid:+ (process $pid)} that works in $VENV_DIR." \
        "If there is none, remove its lock from another terminal: rm -r '$turn'" >&2
}

end_turn() {
    rm -rf "$turn"
    trap - EXIT HUP INT TERM
}

cannot_write() {
    fail "cannot write to $VENV_DIR; choose another folder with VENV_DIR"
}

install_lock() {
    if ! { python_is_recent "$VENV_PYTHON" && has_pip "$VENV_PYTHON"; }; then
        mkdir -p "$VENV_DIR" 2>/dev/null && [ -w "$VENV_DIR" ] || cannot_write
        [ -n "${PYTHON:-}" ] || find_python
        create_environment "$VENV_DIR"
    fi
    echo "Installing dependencies into $VENV_DIR (once, about a minute) ..."
    rm -f "$VENV_DIR"/requirements*.lock
    "$VENV_PYTHON" "$ROOT/scripts/pip_install.py" --require-hashes -r "$ROOT/$1" ||
        fail "installing $1 failed; the lines above say why"
    works || fail "the packages in $VENV_DIR do not work; remove that folder and try again"
    # The development lock holds the whole run lock: after it, both are installed.
    for lock in requirements.lock "$1"; do
        cp "$ROOT/$lock" "$VENV_DIR/$lock" || fail "cannot write to $VENV_DIR"
    done
}
