set -eu
mkdir -p out/assets
cp index.html out/index.html
echo 'document.title = "page"' > out/assets/index-1a2b3c4d.js
