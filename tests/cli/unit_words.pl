# How systemd reads the lines of a service that matter here, by systemd.syntax(7), systemd.unit(5) and
# systemd.service(5): prints WorkingDirectory, then each EnvironmentFile and Environment with its name,
# then the words of ExecStart, each ended by a NUL. Dies at what systemd would refuse.
use strict;
use warnings;

sub specifiers {
    my ($text) = @_;
    my $out = '';
    while ($text =~ /\G(?:%(.)|([^%]+)|(%)$)/gs) {
        die "a specifier: %" . ($1 // '') . "\n" if defined $3 || (defined $1 && $1 ne '%');
        $out .= defined $1 ? '%' : $2;
    }
    return $out;
}

sub words {
    my ($text) = @_;
    my (@words, $word, $quote);
    while ($text =~ /\G(.)/gs) {
        my $c = $1;
        if ($c eq '\\') {
            $text =~ /\G(.)/gs or die "a backslash at the end\n";
            my %escapes = ('"' => '"', "'" => "'", '\\' => '\\', n => "\n", t => "\t", s => ' ');
            defined $escapes{$1} or die "an escape: \\$1\n";
            $word = ($word // '') . $escapes{$1};
        } elsif (defined $quote) {
            if ($c eq $quote) { undef $quote } else { $word .= $c }
        } elsif ($c eq '"' || $c eq "'") {
            $quote = $c;
            $word = $word // '';
        } elsif ($c eq ' ' || $c eq "\t") {
            push @words, $word if defined $word;
            undef $word;
        } else {
            $word = ($word // '') . $c;
        }
    }
    die "a quotation mark that is not closed\n" if defined $quote;
    push @words, $word if defined $word;
    return @words;
}

sub variables {
    my ($word) = @_;
    $word =~ s/\$\$/\0/g;
    die "a variable: $word\n" if $word =~ /\$/;
    $word =~ tr/\0/$/;
    return $word;
}

my %lines;
my $section = '';
while (my $line = <STDIN>) {
    chomp $line;
    next if $line =~ /^\s*([#;]|$)/;
    if ($line =~ /^\[(\w+)\]$/) { $section = $1; next }
    $line =~ /^(\w+)=(.*?)\s*$/ or die "no assignment: $line\n";
    die "goes on in the next line\n" if $2 =~ /\\$/;
    push @{$lines{"$section.$1"}}, $2;
}
my ($folder) = map { specifiers($_) } @{$lines{'Service.WorkingDirectory'}};
die "not absolute: $folder\n" unless $folder =~ m{^/};
print "$folder\0";
print "EnvironmentFile=" . specifiers($_) . "\0" for @{$lines{'Service.EnvironmentFile'} // []};
for my $line (@{$lines{'Service.Environment'} // []}) {
    print "Environment=" . specifiers($_) . "\0" for words($line);
}
my ($program, @arguments) = words($lines{'Service.ExecStart'}[0]);
$program = specifiers($program);
die "not absolute: $program\n" unless $program =~ m{^/};
die "special characters: $program\n" if $program =~ /["'\\]/;
print "$_\0" for 'ExecStart', $program, map { variables(specifiers($_)) } @arguments;
