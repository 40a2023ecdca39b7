#!/bin/sh
# Checks the pages' references: relative links and their anchors, headers named in `code`, and that docs/index.md
# links every page beside it. Usage: links.sh ROOT_FOLDER        exit 0: all well; 1: every offence on its own line
set -u
cd "$1" || exit 1
pages=$(ls README.md CONTRIBUTING.md CHANGELOG.md docs/*.md 2>/dev/null)
if [ -z "$pages" ]; then echo "no page found under $1"; exit 1; fi

# "page:line:kind:target" of all that a page refers to; code blocks are left out.
references=$(for page in $pages; do
  awk -v page="$page" '
    /^```/ { code = !code; next }
    code { next }
    {
      rest = $0
      while (match(rest, /\]\([^()]*\)/)) {
        print page ":" FNR ":link:" substr(rest, RSTART + 2, RLENGTH - 3)
        rest = substr(rest, RSTART + RLENGTH)
      }
      rest = $0
      while (match(rest, /`[A-Za-z0-9_\/.]+\.hpp`/)) {
        print page ":" FNR ":header:" substr(rest, RSTART + 1, RLENGTH - 2)
        rest = substr(rest, RSTART + RLENGTH)
      }
    }' "$page"
done)

# anchors PAGE: its headings, as links name them.
anchors() {
  awk '/^```/ { code = !code } !code && /^#+ / { sub(/^#+ /, ""); print }' "$1" |
    tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

offences=$(printf '%s\n' "$references" | while IFS=: read -r page line kind target; do
  [ -n "$page" ] || continue
  if [ "$kind" = header ]; then
    [ -e "$target" ] || [ -e "include/ordo/$target" ] || [ -e "include/$target" ] || echo "$page:$line: no header $target"
    continue
  fi
  case $target in http://* | https://* | mailto:*) continue ;; esac
  path=${target%%#*}
  file=$page
  if [ -n "$path" ]; then file=$(dirname "$page")/$path; fi
  if [ ! -e "$file" ]; then
    echo "$page:$line: no file $target"
  elif [ "$target" != "$path" ] && ! anchors "$file" | grep -qx -- "${target#*#}"; then
    echo "$page:$line: no heading $target"
  fi
done
for page in docs/*.md; do
  name=$(basename "$page")
  [ "$name" = index.md ] || grep -q "]($name)" docs/index.md || echo "docs/index.md does not link $name"
done)
if [ -n "$offences" ]; then
  echo "$offences"
  exit 1
fi
echo "$(printf '%s\n' "$references" | grep -c .) references hold"
